package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

func must[T any](value T, err error) T {
	if err != nil {
		fatal("starting kubernetes: preparing server: %v", err)
	}
	return value
}

func writeFile(path string, data []byte, mode os.FileMode) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		fatal("starting kubernetes: preparing server: %v", err)
	}
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, data, mode); err != nil {
		fatal("starting kubernetes: preparing server: %v", err)
	}
	// A mask of the unit must not narrow what was asked for.
	os.Chmod(temporary, mode)
	if err := os.Rename(temporary, path); err != nil {
		fatal("starting kubernetes: preparing server: %v", err)
	}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func newKey() (crypto.Signer, []byte) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return key, encode("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
}

func serial() *big.Int {
	return must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63)))
}

func parseCertificate(data []byte) *x509.Certificate {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

// loadAuthority makes a certificate authority at its first call and reads it
// back at every later one.
func loadAuthority(base, name string) *authority {
	if data, err := os.ReadFile(base + ".crt"); err == nil {
		block, _ := pem.Decode(must(os.ReadFile(base + ".key")))
		if certificate := parseCertificate(data); certificate != nil && block != nil {
			return &authority{certificate, must(x509.ParseECPrivateKey(block.Bytes)), data}
		}
		fatal("starting kubernetes: preparing server: %s.crt does not parse", base)
	}
	key, keyPem := newKey()
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber: serial(),
		// The time stands in the name, as in RKE2's: two clusters' authorities differ.
		Subject:               pkix.Name{CommonName: fmt.Sprintf("rke2-%s-ca@%d", name, now.Unix())},
		NotBefore:             now,
		NotAfter:              now.AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	data := encode("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)))
	writeFile(base+".key", keyPem, 0o600)
	writeFile(base+".crt", data, 0o644)
	return &authority{parseCertificate(data), key, data}
}

// issue makes a certificate. Host names decide its use: with them it serves,
// without them it is a client's.
func (a *authority) issue(name string, organisations, hosts []string) (certificate, key []byte) {
	signer, keyPem := newKey()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: name, Organization: organisations},
		NotBefore:    a.certificate.NotBefore,
		NotAfter:     time.Now().UTC().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if len(hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if !slices.Contains(template.DNSNames, host) {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.certificate, signer.Public(), a.key))
	return append(encode("CERTIFICATE", der), a.pem...), keyPem
}

// ensure issues a certificate into files unless a good one is there: of this
// authority, in date, with all these host names.
func (a *authority) ensure(base, name string, organisations, hosts []string) {
	if data, err := os.ReadFile(base + ".crt"); err == nil {
		if old := parseCertificate(data); old != nil && old.CheckSignatureFrom(a.certificate) == nil &&
			time.Until(old.NotAfter) > 90*24*time.Hour && covers(old, hosts) {
			return
		}
	}
	certificate, key := a.issue(name, organisations, hosts)
	writeFile(base+".key", key, 0o600)
	writeFile(base+".crt", certificate, 0o644)
}

func covers(certificate *x509.Certificate, hosts []string) bool {
	for _, host := range hosts {
		if certificate.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// etcd's certificates serve and are clients' at once.
func (a *authority) ensureBoth(base, name string, hosts []string) {
	if _, err := os.Stat(base + ".crt"); err == nil {
		return
	}
	signer, keyPem := newKey()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: a.certificate.NotBefore, NotAfter: time.Now().UTC().AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"},
	}
	for _, host := range hosts {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(host))
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.certificate, signer.Public(), a.key))
	writeFile(base+".key", keyPem, 0o600)
	writeFile(base+".crt", encode("CERTIFICATE", der), 0o644)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
