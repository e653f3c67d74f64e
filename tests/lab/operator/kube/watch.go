package kube

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Watch calls seen for every object that is there, comes, changes or goes,
// until the context ends. Lists and watches are repeated when the API server
// goes away; a repeated list without a change calls nobody.
func (c *Client) Watch(ctx context.Context, k Kind, ns, labels string, seen func(*unstructured.Unstructured)) error {
	at := c.at(k, ns)
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = labels
			return at.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = labels
			return at.Watch(ctx, o)
		},
	}
	informer := cache.NewSharedIndexInformer(source, &unstructured.Unstructured{}, 0, cache.Indexers{})
	call := func(o any) {
		if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
			o = gone.Obj
		}
		if u, ok := o.(*unstructured.Unstructured); ok {
			seen(u)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: call,
		UpdateFunc: func(before, after any) {
			b, okB := before.(*unstructured.Unstructured)
			a, okA := after.(*unstructured.Unstructured)
			if okA && okB && a.GetResourceVersion() != b.GetResourceVersion() {
				seen(a)
			}
		},
		DeleteFunc: call,
	})
	if err != nil {
		return err
	}
	go informer.RunWithContext(ctx)
	return nil
}
