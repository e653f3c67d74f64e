// Package settings makes the file from which the MinIO server reads its
// environment: root credentials from the configuration Secret, the operator's
// own settings, and the tenant's spec.env.
package settings

import (
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"lab.invalid/operator/tenant"
)

// Key is the entry of the configuration Secret that holds the settings.
const Key = "config.env"

// Parse reads the lines that begin with "export "; everything else, also a
// plain NAME=value, is ignored as the real operator ignores it.
func Parse(text string) map[string]string {
	values := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		rest, exported := strings.CutPrefix(strings.TrimSpace(line), "export ")
		if !exported {
			continue
		}
		name, value, ok := strings.Cut(rest, "=")
		if ok {
			values[strings.TrimSpace(name)] = unquote(strings.TrimSpace(value))
		}
	}
	return values
}

// unquote takes off one pair of equal quotes and, inside them, backslashes.
func unquote(v string) string {
	if len(v) < 2 || v[0] != v[len(v)-1] || (v[0] != '"' && v[0] != '\'') {
		return v
	}
	return strings.ReplaceAll(v[1:len(v)-1], `\`, "")
}

// Root finds the root credentials under their present or their old names.
func Root(values map[string]string) (user, password string) {
	user, password = values["MINIO_ROOT_USER"], values["MINIO_ROOT_PASSWORD"]
	if user == "" {
		user = values["MINIO_ACCESS_KEY"]
	}
	if password == "" {
		password = values["MINIO_SECRET_KEY"]
	}
	return user, password
}

// Lookup finds a value that spec.env takes from a Secret or a ConfigMap.
type Lookup func(source *corev1.EnvVarSource) (string, bool)

// Compile merges the three sources. The Secret wins over spec.env, which wins
// over the operator's own values; a reference that leads nowhere is left out.
//
// Two values of the real operator are missing: the key that verifies in-place
// updates, which only matters with MINIO_UPDATE on, and the name of the
// Prometheus job, which is not known here and only matters to scraping.
func Compile(t *tenant.Tenant, secret map[string]string, domain string, look Lookup) map[string]string {
	all := map[string]string{
		"MINIO_ARGS":       strings.Join(t.ServerArgs(domain), " "),
		"MINIO_SERVER_URL": t.ServerURL(domain),
		"MINIO_UPDATE":     "on",
	}
	for _, e := range t.Spec.Env {
		if e.ValueFrom == nil {
			all[e.Name] = e.Value
		} else if v, ok := look(e.ValueFrom); ok {
			all[e.Name] = v
		} else {
			delete(all, e.Name)
		}
	}
	for name, value := range secret {
		all[name] = value
	}
	return all
}

// Render writes the settings in an order that does not change.
func Render(values map[string]string) string {
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, n := range names {
		b.WriteString("export " + n + "=" + strconv.Quote(values[n]) + "\n")
	}
	return b.String()
}
