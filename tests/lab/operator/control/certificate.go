package control

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"time"

	certv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lab.invalid/operator/kube"
	"lab.invalid/operator/tenant"
)

var errWaitingForCertificate = errors.New("waiting for minio cert")

// certificate sees to the Secret with the tenant's own key pair. A pass that
// had to ask for one ends in an error, so that the tenant is looked at again.
func (c *Controller) certificate(ctx context.Context, t *tenant.Tenant) error {
	secret, err := kube.Get[corev1.Secret](ctx, c.kube, kube.Secrets, t.Namespace, t.TLSSecretName())
	if err == nil {
		return c.renewal(ctx, t, secret)
	} else if !gone(err) {
		return err
	}
	_, err = kube.Get[certv1.CertificateSigningRequest](ctx, c.kube, kube.Requests, "", t.CSRName())
	if err == nil {
		// The key of that request is lost with whoever made it, so begin anew.
		if err := c.kube.Delete(ctx, kube.Requests, "", t.CSRName()); err != nil && !gone(err) {
			return err
		}
		return errWaitingForCertificate
	} else if !gone(err) {
		return err
	}
	if err := c.state(ctx, t, tenant.StateWaitingCertificate, 0); err != nil {
		return err
	}
	key, request, err := newRequest(t, c.options.Domain)
	if err != nil {
		return err
	}
	if err := c.submit(ctx, t.CSRName(), t.Selector(), request); err != nil {
		return err
	}
	c.normal(ctx, t, "CSRCreated", "MinIO CSR Created")
	signed, err := c.collect(ctx, t.CSRName())
	if err != nil {
		c.warning(ctx, t, "CSRFailed", fmt.Sprintf("MinIO CSR Failed to create: %v", err))
		return err
	}
	made := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: t.TLSSecretName(), Namespace: t.Namespace, Labels: t.Selector(), OwnerReferences: t.Owner(),
		},
		Type: corev1.SecretTypeOpaque,
		Data: map[string][]byte{"private.key": key, "public.crt": signed},
	}
	if _, err := kube.Create(ctx, c.kube, kube.Secrets, t.Namespace, made); err != nil {
		return err
	}
	return errWaitingForCertificate
}

// renewal throws the pair away once 80 % of its time are over; the next pass
// asks for a new one.
func (c *Controller) renewal(ctx context.Context, t *tenant.Tenant, secret *corev1.Secret) error {
	block, _ := pem.Decode(secret.Data["public.crt"])
	if block == nil {
		return fmt.Errorf("missing 'public.crt' in %s/%s secret", secret.Namespace, secret.Name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	if time.Now().Before(cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 5 * 4)) {
		return nil
	}
	if err := c.kube.Delete(ctx, kube.Secrets, t.Namespace, secret.Name); err != nil && !gone(err) {
		return err
	}
	if err := c.kube.Delete(ctx, kube.Requests, "", t.CSRName()); err != nil && !gone(err) {
		return err
	}
	return errWaitingForCertificate
}

// newRequest makes a key and a request for it, both PEM.
func newRequest(t *tenant.Tenant, domain string) (key, request []byte, err error) {
	cert := t.Spec.CertConfig
	return signingRequest(pkix.Name{
		CommonName:   "system:node:" + cert.CommonName,
		Organization: cert.OrganizationName,
	}, t.CertNames(domain))
}

func signingRequest(subject pkix.Name, names []string) (key, request []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: subject, DNSNames: names, SignatureAlgorithm: x509.ECDSAWithSHA512,
	}, private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}), nil
}

// submit files a request and approves it: the operator's account may do both.
func (c *Controller) submit(ctx context.Context, name string, labels map[string]string, request []byte) error {
	csr, err := kube.Create(ctx, c.kube, kube.Requests, "", &certv1.CertificateSigningRequest{
		TypeMeta:   metav1.TypeMeta{APIVersion: "certificates.k8s.io/v1", Kind: "CertificateSigningRequest"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: certv1.CertificateSigningRequestSpec{
			Request: request, SignerName: c.options.Signer,
			Usages: []certv1.KeyUsage{certv1.UsageDigitalSignature, certv1.UsageKeyEncipherment, certv1.UsageServerAuth},
		},
	})
	if err != nil {
		return quoted(err, "csr %s", name)
	}
	csr.Status.Conditions = []certv1.CertificateSigningRequestCondition{{
		Type: certv1.CertificateApproved, Status: corev1.ConditionTrue,
		Reason: "MinIOOperatorAutoApproval", Message: "Automatically approved by MinIO Operator",
		LastUpdateTime: metav1.Now(),
	}}
	if _, err := kube.Update(ctx, c.kube, kube.Requests, "", csr, "approval"); err != nil {
		return quoted(err, "approval of csr %s", name)
	}
	return nil
}

// collect waits for the signer. Without one it waits long, and says so only in
// the log: the request stays "Approved" and never becomes "Issued".
func (c *Controller) collect(ctx context.Context, name string) ([]byte, error) {
	deadline := time.NewTimer(c.certificateLimit)
	defer deadline.Stop()
	tick := time.NewTicker(c.certificateWait)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline.C:
			return nil, fmt.Errorf("timeout during certificate fetching of csr/%s", name)
		case <-tick.C:
		}
		csr, err := kube.Get[certv1.CertificateSigningRequest](ctx, c.kube, kube.Requests, "", name)
		if err != nil {
			return nil, err
		}
		if len(csr.Status.Certificate) > 0 {
			return csr.Status.Certificate, nil
		}
		for _, condition := range csr.Status.Conditions {
			if condition.Type == certv1.CertificateDenied || condition.Type == certv1.CertificateFailed {
				return nil, fmt.Errorf("csr/%s is %s: %s", name, condition.Type, condition.Message)
			}
		}
		log.Printf("Certificate of csr/%s still not available, next try in %s", name, c.certificateWait)
	}
}

const (
	stsRequest = "sts-minio-operator-csr"
	stsSecret  = "sts-tls"
)

// waitForSTS is the trap of the chart's default settings: without a signer the
// pod is Running and no tenant is ever looked at.
func (c *Controller) waitForSTS(ctx context.Context) error {
	ns := c.options.Namespace
	for {
		_, err := kube.Get[corev1.Secret](ctx, c.kube, kube.Secrets, ns, stsSecret)
		if err == nil {
			return nil
		}
		if gone(err) {
			err = c.makeSTS(ctx, ns)
		}
		if err == nil {
			return nil
		}
		log.Printf("Waiting for STS certificate %s: %v", stsRequest, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.certificateWait):
		}
	}
}

func (c *Controller) makeSTS(ctx context.Context, ns string) error {
	if err := c.kube.Delete(ctx, kube.Requests, "", stsRequest); err != nil && !gone(err) {
		return err
	}
	host := "sts." + ns + ".svc"
	key, request, err := signingRequest(
		pkix.Name{CommonName: "system:node:" + host, Organization: []string{"system:nodes"}},
		[]string{"sts", host, host + "." + c.options.Domain})
	if err != nil {
		return err
	}
	if err := c.submit(ctx, stsRequest, nil, request); err != nil {
		return err
	}
	signed, err := c.collect(ctx, stsRequest)
	if err != nil {
		return err
	}
	_, err = kube.Create(ctx, c.kube, kube.Secrets, ns, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: stsSecret, Namespace: ns},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{"private.key": key, "public.crt": signed},
	})
	return err
}
