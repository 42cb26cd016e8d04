module example.com/project

go 1.21

require (
	github.com/BurntSushi/toml v1.4.0
	github.com/google/go-cmp v0.6.0
	github.com/rogpeppe/go-internal v1.12.0
	github.com/spf13/cobra v1.8.1
	golang.org/x/mod v0.20.0
	golang.org/x/sync v0.8.0
	gopkg.in/yaml.v3 v3.0.1
)
