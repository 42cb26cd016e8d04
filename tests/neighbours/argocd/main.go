// Command argocd prints the health that Argo CD shows of Kubernetes objects: a list of objects on stdin, as JSON, becomes
// a list of verdicts on stdout. Each argument GROUP/KIND=FILE is a script of ConfigMap argocd-cm for that kind.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  string `json:"status"` // empty: Argo CD has no opinion of this kind
	Message string `json:"message"`
}

func main() {
	if err := judge(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
}

func judge(scripts []string) error {
	overrides := lua.ResourceHealthOverrides{}
	for _, argument := range scripts {
		kind, file, found := strings.Cut(argument, "=")
		if !found {
			return fmt.Errorf("%q is not GROUP/KIND=FILE", argument)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		overrides[kind] = v1alpha1.ResourceOverride{HealthLua: string(text)}
	}
	var items []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&items); err != nil {
		return fmt.Errorf("the objects on stdin: %w", err)
	}
	verdicts := make([]verdict, 0, len(items))
	for number, item := range items {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(item); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		found, err := health.GetResourceHealth(&object, overrides)
		if err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		if found == nil {
			verdicts = append(verdicts, verdict{})
			continue
		}
		verdicts = append(verdicts, verdict{Status: string(found.Status), Message: found.Message})
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}
