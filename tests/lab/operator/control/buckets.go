package control

import (
	"context"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lab.invalid/operator/tenant"
)

// buckets makes those of spec.buckets that are missing, with the root keys.
func (c *Controller) buckets(ctx context.Context, t *tenant.Tenant, user, password string) error {
	if len(t.Spec.Buckets) == 0 {
		return nil
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	server, err := url.Parse(t.ServerURL(c.options.Domain))
	if err != nil {
		return err
	}
	s3, err := minio.New(server.Host, &minio.Options{
		Creds:     credentials.NewStaticV4(user, password, ""),
		Secure:    t.TLS(),
		Transport: client.Transport,
	})
	if err != nil {
		return err
	}
	made := false
	for _, b := range t.Spec.Buckets {
		there, err := s3.BucketExists(ctx, b.Name)
		if err != nil {
			return quoted(err, "bucket %s", b.Name)
		}
		if there {
			continue
		}
		if err := c.state(ctx, t, tenant.StateProvisioningBuckets, 0); err != nil {
			return err
		}
		err = s3.MakeBucket(ctx, b.Name, minio.MakeBucketOptions{Region: b.Region, ObjectLocking: b.ObjectLock})
		if err != nil {
			return quoted(err, "bucket %s", b.Name)
		}
		made = true
	}
	if made {
		c.normal(ctx, t, "BucketsCreated", "Buckets created")
	}
	return c.setStatus(ctx, t, func(s *tenant.Status) { s.ProvisionedBuckets = true })
}
