package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

type registries struct {
	Mirrors map[string]struct {
		Endpoint []string          `yaml:"endpoint"`
		Rewrite  map[string]string `yaml:"rewrite"`
	} `yaml:"mirrors"`
	Configs map[string]struct {
		Auth *struct {
			Username      string `yaml:"username"`
			Password      string `yaml:"password"`
			Auth          string `yaml:"auth"`
			IdentityToken string `yaml:"identity_token"`
		} `yaml:"auth"`
		TLS *struct {
			CA         string `yaml:"ca_file"`
			Cert       string `yaml:"cert_file"`
			Key        string `yaml:"key_file"`
			SkipVerify bool   `yaml:"insecure_skip_verify"`
		} `yaml:"tls"`
	} `yaml:"configs"`
}

func (n *node) readRegistries() registries {
	var found registries
	path := n.config.get("private-registry", "/etc/rancher/rke2/registries.yaml")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return found
	}
	if err != nil {
		fatal("%v", err)
	}
	if err := yaml.Unmarshal(data, &found); err != nil {
		fatal("failed to parse registries configuration %s: %v", path, err)
	}
	info("Using private registry config file at %s", path)
	return found
}

// endpoints lists where images of a registry are asked for, in order: its
// mirrors (or those of "*"), then the registry itself unless that is disabled.
func (n *node) endpoints(r registries, registry string) []string {
	mirror, found := r.Mirrors[registry]
	if !found {
		mirror = r.Mirrors["*"]
	}
	list := append([]string{}, mirror.Endpoint...)
	if len(list) == 0 || n.config.get("disable-default-registry-endpoint", "false") != "true" {
		list = append(list, defaultEndpoint(registry))
	}
	return list
}

func defaultEndpoint(registry string) string {
	if registry == "docker.io" {
		return "https://registry-1.docker.io"
	}
	return "https://" + registry
}

func (r registries) authorization(host string) string {
	config, found := r.Configs[host]
	if !found || config.Auth == nil {
		return ""
	}
	if config.Auth.Auth != "" {
		return "Basic " + config.Auth.Auth
	}
	return "Basic " + base64Of([]byte(config.Auth.Username+":"+config.Auth.Password))
}

// writeRegistries turns registries.yaml into containerd's hosts.toml files. It
// is read at each start only, as in life.
func (n *node) writeRegistries(folder string) {
	os.RemoveAll(folder)
	r := n.readRegistries()
	for registry, mirror := range r.Mirrors {
		if len(mirror.Rewrite) > 0 {
			fatal("the lab's stand-in does not play rewrite of registries.yaml (mirror %s)", registry)
		}
		var text strings.Builder
		if registry != "*" && n.config.get("disable-default-registry-endpoint", "false") != "true" {
			fmt.Fprintf(&text, "server = %q\n", defaultEndpoint(registry))
		}
		for _, endpoint := range mirror.Endpoint {
			r.writeHost(&text, endpoint)
		}
		name := registry
		if name == "*" {
			name = "_default"
		}
		writeFile(folder+"/"+name+"/hosts.toml", []byte(text.String()), 0o600)
	}
	for host := range r.Configs {
		if _, done := r.Mirrors[host]; !done {
			var text strings.Builder
			r.writeHost(&text, "https://"+host)
			writeFile(folder+"/"+host+"/hosts.toml", []byte(text.String()), 0o600)
		}
	}
}

func (r registries) writeHost(text *strings.Builder, endpoint string) {
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Host == "" {
		fatal("invalid endpoint %q in registries.yaml", endpoint)
	}
	fmt.Fprintf(text, "\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", strings.TrimSuffix(endpoint, "/"))
	config := r.Configs[parsed.Host]
	if config.TLS != nil {
		if config.TLS.CA != "" {
			fmt.Fprintf(text, "  ca = %q\n", config.TLS.CA)
		}
		if config.TLS.Cert != "" {
			fmt.Fprintf(text, "  client = [[%q, %q]]\n", config.TLS.Cert, config.TLS.Key)
		}
		if config.TLS.SkipVerify {
			fmt.Fprintf(text, "  skip_verify = true\n")
		}
	}
	if authorization := r.authorization(parsed.Host); authorization != "" {
		fmt.Fprintf(text, "  [host.%q.header]\n    Authorization = %q\n", strings.TrimSuffix(endpoint, "/"), authorization)
	}
}
