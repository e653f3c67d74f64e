package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/klauspost/compress/zstd"
)

func (n *node) runtimeImage() string {
	return n.config.get("runtime-image", n.imageOf("rancher/rke2-runtime:"+versionTag))
}

// imageOf gives a system image the name of the registry that it comes from.
func (n *node) imageOf(path string) string {
	return n.config.get("system-default-registry", "docker.io") + "/" + path
}

func archives(folder string) []string {
	var found []string
	for _, pattern := range []string{"*.tar", "*.tar.zst", "*.tar.gz", "*.tgz"} {
		matches, _ := filepath.Glob(filepath.Join(folder, pattern))
		found = append(found, matches...)
	}
	sort.Strings(found)
	return found
}

func openArchive(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(path, ".zst"):
		reader, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return reader.IOReadCloser(), nil
	case strings.HasSuffix(path, ".gz"), strings.HasSuffix(path, ".tgz"):
		return gzip.NewReader(file)
	}
	return file, nil
}

// extractRuntime unpacks the programs from the runtime image: from an archive
// in the images directory, else pulled. Done once for each version.
func (n *node) extractRuntime() {
	image := n.runtimeImage()
	target := fmt.Sprintf("%s/data/%s-%s", n.data, versionTag, hexSum([]byte(image))[:12])
	if _, err := os.Stat(target + "/bin/.complete"); err == nil {
		n.useRuntime(target)
		return
	}
	images := n.agent("images")
	info("Checking local image archives in %s for %s", images, strings.Replace(image, "docker.io/", "index.docker.io/", 1))
	for _, archive := range archives(images) {
		layers, err := layersOf(archive, image)
		if err != nil {
			warn("Failed to read image archive %s: %v", archive, err)
			continue
		}
		if len(layers) == 0 {
			continue
		}
		reader := must(openArchive(archive))
		outer := tar.NewReader(reader)
		for {
			header, err := outer.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				fatal("failed to extract runtime image: %v", err)
			}
			if slices.Contains(layers, header.Name) {
				extract(outer, target)
			}
		}
		reader.Close()
		n.useRuntime(target)
		return
	}
	info("Pulling runtime image %s", strings.Replace(image, "docker.io/", "index.docker.io/", 1))
	pulled, err := n.pull(image)
	if err != nil {
		fatal("failed to get runtime image %s: %v", strings.Replace(image, "docker.io/", "index.docker.io/", 1), err)
	}
	stream := mutate.Extract(pulled)
	extract(stream, target)
	stream.Close()
	n.useRuntime(target)
}

func (n *node) useRuntime(target string) {
	writeFile(target+"/bin/.complete", nil, 0o600)
	os.Chmod(n.data+"/data", 0o755)
	os.Remove(n.bin)
	if err := os.Symlink(target+"/bin", n.bin); err != nil {
		fatal("failed to link %s: %v", n.bin, err)
	}
	os.Chmod(target, 0o755)
	os.Chmod(target+"/bin", 0o755)
	os.Chmod(n.data, 0o755)
}

// layersOf reads the archive's manifest, which the lab's packer puts first.
func layersOf(archive, image string) ([]string, error) {
	reader, err := openArchive(archive)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	files := tar.NewReader(reader)
	for {
		header, err := files.Next()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Name != "manifest.json" {
			continue
		}
		var entries []struct{ RepoTags, Layers []string }
		if err := json.NewDecoder(files).Decode(&entries); err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if slices.Contains(entry.RepoTags, image) {
				return entry.Layers, nil
			}
		}
		return nil, nil
	}
}

func extract(stream io.Reader, target string) {
	files := tar.NewReader(stream)
	for {
		header, err := files.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			fatal("failed to extract runtime image: %v", err)
		}
		path := filepath.Clean("/" + header.Name)
		if !strings.HasPrefix(path, "/bin/") && !strings.HasPrefix(path, "/charts/") {
			continue
		}
		switch header.Typeflag {
		case tar.TypeReg:
			info("Extracting file %s to %s", path[1:], target+path)
			data, err := io.ReadAll(files)
			if err != nil {
				fatal("failed to extract runtime image: %v", err)
			}
			writeFile(target+path, data, os.FileMode(header.Mode).Perm())
		case tar.TypeSymlink:
			info("Extracting file %s to %s", path[1:], target+path)
			os.Remove(target + path)
			os.Symlink(header.Linkname, target+path)
		}
	}
}

// pull asks the registry's endpoints in order.
func (n *node) pull(image string) (v1.Image, error) {
	registry, rest, _ := strings.Cut(image, "/")
	r := n.readRegistries()
	var last error
	for _, endpoint := range n.endpoints(r, registry) {
		parsed, err := url.Parse(endpoint)
		if err != nil {
			return nil, err
		}
		options := []name.Option{}
		if parsed.Scheme == "http" {
			options = append(options, name.Insecure)
		}
		ref, err := name.ParseReference(parsed.Host+"/"+rest, options...)
		if err != nil {
			return nil, err
		}
		auth := authn.Anonymous
		if config := r.Configs[parsed.Host]; config.Auth != nil {
			auth = authn.FromConfig(authn.AuthConfig{Username: config.Auth.Username, Password: config.Auth.Password, Auth: config.Auth.Auth})
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		pulled, err := remote.Image(ref, remote.WithAuth(auth), remote.WithTransport(transport))
		if err == nil {
			return pulled, nil
		}
		last = err
	}
	return nil, last
}

// importImages loads every archive of the images directory into containerd,
// and pulls what the .txt lists there name.
func (n *node) importImages() {
	folder := n.agent("images")
	for _, archive := range archives(folder) {
		info("Importing images from %s", archive)
		began := time.Now()
		reader, err := openArchive(archive)
		if err == nil {
			command := exec.Command(n.bin+"/ctr", "-a", containerdSocket, "-n", "k8s.io", "images", "import", "--local", "-")
			command.Stdin = reader
			command.Env = environment()
			var output []byte
			if output, err = command.CombinedOutput(); err != nil {
				err = fmt.Errorf("%v: %s", err, strings.TrimSpace(string(output)))
			}
			reader.Close()
		}
		if err != nil {
			fail("Error encountered while importing %s: %v", archive, err)
			continue
		}
		info("Imported images from %s in %s", archive, time.Since(began).Round(time.Millisecond))
	}
	lists, _ := filepath.Glob(folder + "/*.txt")
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, image := range strings.Fields(string(data)) {
			info("Pulling image %s", image)
			output, err := exec.Command(n.bin+"/ctr", "-a", containerdSocket, "-n", "k8s.io", "images", "pull",
				"--hosts-dir", n.agent("etc/containerd/certs.d"), image).CombinedOutput()
			if err != nil {
				fail("Failed to pull %s: %v: %s", image, err, strings.TrimSpace(string(output)))
			}
		}
	}
}
