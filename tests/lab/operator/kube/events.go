package kube

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Recorder writes events. The same event again raises the count of the first,
// as every controller does; this is what makes a repeated complaint visible.
type Recorder struct {
	client    *Client
	component string
	mu        sync.Mutex
	seen      map[string]*occurrence
}

type occurrence struct {
	name  string
	count int32
}

// No tenant causes more than a dozen different events; beyond this many the
// memory of counts starts anew rather than growing.
const maxOccurrences = 1000

// NewRecorder speaks as component.
func NewRecorder(c *Client, component string) *Recorder {
	return &Recorder{client: c, component: component, seen: map[string]*occurrence{}}
}

// Event records what happened to the object. Failing to do so is only logged:
// an event is a remark, not a step.
func (r *Recorder) Event(ctx context.Context, about corev1.ObjectReference, kind, reason, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := fmt.Sprintf("%s/%s/%s/%s/%s", about.Namespace, about.UID, kind, reason, message)
	now := metav1.Now()
	if o := r.seen[key]; o != nil {
		o.count++
		err := r.client.Patch(ctx, Events, about.Namespace, o.name, fmt.Sprintf(
			`{"count":%d,"lastTimestamp":%q}`, o.count, now.UTC().Format(time.RFC3339)))
		if err == nil {
			return
		}
		if !apierrors.IsNotFound(err) {
			log.Printf("event %s: %v", reason, err)
			return
		}
	}
	event := &corev1.Event{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      fmt.Sprintf("%s.%x", about.Name, now.UnixNano()),
			Namespace: about.Namespace,
		},
		InvolvedObject: about,
		Reason:         reason, Message: message, Type: kind,
		Source:         corev1.EventSource{Component: r.component},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
	if _, err := Create(ctx, r.client, Events, about.Namespace, event); err != nil {
		log.Printf("event %s: %v", reason, err)
		return
	}
	if len(r.seen) >= maxOccurrences {
		r.seen = map[string]*occurrence{}
	}
	r.seen[key] = &occurrence{name: event.Name, count: 1}
}
