// Command dex is dex, an OpenID provider, with its storage in memory: without
// the databases that dex's own command has, it needs no C compiler and is built
// in half the time. The argument is a file of JSON, see Config.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/AppsFlyer/go-sundheit"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
)

// Config says what the provider is called, where it listens, for how long its
// tokens (seconds) and its keys (seconds; it looks each 30) are good, and who
// may ask for tokens. Users are those whom the headers X-Remote-User and
// X-Remote-Group name.
type Config struct {
	Issuer      string
	Listen      string
	TokensFor   int
	KeysFor     int
	Clients     []string
	Secret      string
	RedirectURI string
}

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := serve(logger); err != nil {
		logger.Error("dex ends", "err", err)
		os.Exit(1)
	}
}

func serve(logger *slog.Logger) error {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var config Config
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	var clients []storage.Client
	for _, name := range config.Clients {
		clients = append(clients, storage.Client{
			ID: name, Name: name, Secret: config.Secret, RedirectURIs: []string{config.RedirectURI},
		})
	}
	connector := storage.Connector{ID: "proxy", Name: "proxy", Type: "authproxy", Config: []byte("{}")}
	keeper := storage.WithStaticClients(memory.New(logger), clients)
	keeper = storage.WithStaticConnectors(keeper, []storage.Connector{connector})
	refresh, err := server.NewRefreshTokenPolicy(logger, false, "", "", "")
	if err != nil {
		return err
	}
	handler, err := server.NewServer(context.Background(), server.Config{
		Issuer:                 config.Issuer,
		Storage:                keeper,
		SupportedResponseTypes: []string{"code"},
		SkipApprovalScreen:     true,
		RotateKeysAfter:        time.Duration(config.KeysFor) * time.Second,
		IDTokensValidFor:       time.Duration(config.TokensFor) * time.Second,
		RefreshTokenPolicy:     refresh,
		Web:                    server.WebConfig{WebFS: web.FS()},
		Logger:                 logger,
		PrometheusRegistry:     prometheus.NewRegistry(),
		HealthChecker:          gosundheit.New(),
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(config.Listen, handler)
}
