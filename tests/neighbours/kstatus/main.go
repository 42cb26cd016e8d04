// Command kstatus prints how Flux, kpt and others read Kubernetes objects: a list of objects on stdin, as JSON, becomes
// a list of their verdicts on stdout.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := judge(); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func judge() error {
	var items []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&items); err != nil {
		return fmt.Errorf("the objects on stdin: %w", err)
	}
	verdicts := make([]verdict, 0, len(items))
	for number, item := range items {
		var object unstructured.Unstructured
		// Kubernetes' own decoder: it makes whole numbers of a generation, which Compute wants.
		if err := object.UnmarshalJSON(item); err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		result, err := status.Compute(&object)
		if err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
		verdicts = append(verdicts, verdict{Status: string(result.Status), Message: result.Message})
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}
