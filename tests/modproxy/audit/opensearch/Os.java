// A single node of OpenSearch in one process: arguments are its folder and its port, and it prints `ready`.
import java.nio.file.*; import java.util.*;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.*;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

public class Os {
  static class Embedded extends Node {
    Embedded(Settings s) {
      super(InternalSettingsPreparer.prepareEnvironment(s, Map.of(), null, () -> "n1"),
            List.<Class<? extends Plugin>>of(Netty4Plugin.class), false);
    }
  }
  public static void main(String[] a) throws Exception {
    Path home = Path.of(a[0]).toAbsolutePath(); Files.createDirectories(home);
    Node n = new Embedded(Settings.builder()
      .put("path.home", home).put("path.data", home.resolve("data")).put("path.logs", home.resolve("logs"))
      .put("cluster.name", "test").put("node.name", "n1").put("discovery.type", "single-node")
      .put("network.host", "127.0.0.1").put("http.port", a[1]).put("transport.port", "0")
      .put("transport.type", "netty4").put("http.type", "netty4")
      .put("cluster.routing.allocation.disk.threshold_enabled", false).put("node.processors", 2).build());
    n.start(); System.out.println("ready");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { try { n.close(); } catch (Exception e) {} }));
    Thread.currentThread().join();
  }
}
