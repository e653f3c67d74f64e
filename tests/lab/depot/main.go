// The lab's depot: one program that plays every download of an install, and
// stands before the registry, so that both can have a bad day.
//
// It stands for: release pages, a chart repository, a distribution's packages,
// (by passing on to Debian's docker-registry) the image registries behind a
// mirror, and a site's proxy that opens TLS (proxy.go). It leaves out redirects,
// and TLS but for the proxy's: what the product verifies here are checksums and
// digests.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A day is what a switch says of all paths below a prefix.
type day struct {
	status int
	rate   int
	never  bool
	wrong  bool
}

// switches reads the control file anew for each request: lines of a prefix and
// words like status=429. A prefix may be for one client alone, as in
// 10.77.0.5@/v2/, and only=GET leaves other methods alone: sources that answer a
// question beforehand and not the request itself are common. The longest prefix
// that fits decides.
func switches(path, client, method, asked string) day {
	var found day
	file, err := os.Open(path)
	if err != nil {
		return found
	}
	defer file.Close()
	longest := -1
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		prefix := words[0]
		if whose, rest, some := strings.Cut(prefix, "@"); some {
			if whose != client {
				continue
			}
			prefix = rest
		}
		if !strings.HasPrefix(asked, prefix) || len(prefix) <= longest {
			continue
		}
		if only := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "only=") }); only > 0 && words[only] != "only="+method {
			continue
		}
		longest = len(prefix)
		found = day{}
		for _, word := range words[1:] {
			key, value, _ := strings.Cut(word, "=")
			number, _ := strconv.Atoi(value)
			switch key {
			case "status":
				found.status = number
			case "rate":
				found.rate = number
			case "never":
				found.never = true
			case "wrong":
				found.wrong = true
			}
		}
	}
	return found
}

// A written response is counted, and slowed down or spoiled as its day says.
type writer struct {
	http.ResponseWriter
	day    day
	code   int
	sent   int64
	ending <-chan struct{}
}

func (w *writer) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *writer) Write(data []byte) (int, error) {
	if w.code == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.day.wrong && w.sent == 0 && len(data) > 0 {
		spoiled := append([]byte{}, data...)
		spoiled[len(spoiled)-1] ^= 1
		data = spoiled
	}
	total := 0
	for len(data) > 0 {
		piece := data
		if w.day.rate > 0 {
			piece = data[:min(len(data), max(1, w.day.rate/10))]
		}
		n, err := w.ResponseWriter.Write(piece)
		total += n
		w.sent += int64(n)
		if err != nil {
			return total, err
		}
		data = data[n:]
		if w.day.rate > 0 {
			w.Flush()
			select {
			case <-time.After(time.Duration(len(piece)) * time.Second / time.Duration(w.day.rate)):
			case <-w.ending:
				return total, fmt.Errorf("the client has left")
			}
		}
	}
	return total, nil
}

func (w *writer) Flush() {
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

type depot struct {
	control string
	mutex   sync.Mutex
	log     *os.File
}

func (d *depot) record(began time.Time, w *writer, r *http.Request) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	way := ""
	if viaProxy(r) {
		way = " proxy"
	}
	fmt.Fprintf(d.log, "%s %s %d %s %s %d%s\n", began.UTC().Format(time.RFC3339Nano),
		client(r), w.code, r.Method, r.URL.EscapedPath(), w.sent, way)
}

func client(r *http.Request) string { return strings.Split(r.RemoteAddr, ":")[0] }

func (d *depot) behind(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w := &writer{ResponseWriter: plain, day: switches(d.control, client(r), r.Method, r.URL.EscapedPath()), ending: r.Context().Done()}
		defer d.record(began, w, r)
		if w.day.never {
			<-r.Context().Done()
			return
		}
		if w.day.status != 0 {
			refuse(w, w.day.status)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// refuse answers as registries do, whose clients read the body.
func refuse(w http.ResponseWriter, status int) {
	code, text := "UNAVAILABLE", "service unavailable"
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="the lab's depot"`)
		code, text = "UNAUTHORIZED", "access to the requested resource is not authorized"
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "60")
		code, text = "TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit."
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`+"\n", code, text)
}

func main() {
	root := flag.String("root", "", "the tree of downloads")
	listen := flag.String("listen", "", "address for downloads")
	mirror := flag.String("mirror", "", "address for image pulls")
	registry := flag.String("registry", "", "the registry's own address")
	control := flag.String("control", "", "file of switches")
	logPath := flag.String("log", "", "file of requests")
	site := flag.String("proxy", "", "address of the site's proxy")
	siteCA := flag.String("proxy-ca", "", "where the proxy's CA is written")
	flag.Parse()
	file, err := os.OpenFile(*logPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	d := &depot{control: *control, log: file}
	target, err := url.Parse("http://" + *registry)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	failed := make(chan error)
	// Names on disk hold "+", the address holds %2B: the server undoes that.
	downloads, images := d.behind(http.FileServer(http.Dir(*root))), d.behind(proxy)
	go func() { failed <- http.ListenAndServe(*listen, downloads) }()
	go func() { failed <- http.ListenAndServe(*mirror, images) }()
	if *site != "" {
		opened, err := newSiteProxy(*siteCA, downloads, images)
		if err != nil {
			log.Fatal(err)
		}
		go func() { failed <- http.ListenAndServe(*site, opened) }()
	}
	log.Fatal(<-failed)
}
