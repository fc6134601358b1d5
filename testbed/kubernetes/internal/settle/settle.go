// Package settle turns an API server that has just started into a cluster that can be used: it applies the objects the
// cluster needs and waits for what the controllers and the node make of them.
package settle

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	pause        = 50 * time.Millisecond
	fieldManager = "mainstay-testbed"
)

// Main is the program "settle". Its arguments are files and folders of YAML, applied in this order.
func Main(arguments []string) error {
	flags := flag.NewFlagSet("settle", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file")
	node := flags.String("node", "", "the node to wait for; none when empty")
	limit := flags.Duration("timeout", 2*time.Minute, "how long to wait for everything together")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	configuration, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	configuration.QPS = -1
	client, err := kubernetes.NewForConfig(configuration)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(configuration)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	cluster := &cluster{
		client:  client,
		objects: objects,
		kinds:   restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery())),
	}
	return cluster.settle(ctx, flags.Args(), *node)
}

type cluster struct {
	client  kubernetes.Interface
	objects dynamic.Interface
	kinds   *restmapper.DeferredDiscoveryRESTMapper
}

func (c *cluster) settle(ctx context.Context, paths []string, node string) error {
	started := time.Now()
	report := func(what string) { fmt.Printf("%6.2f s  %s\n", time.Since(started).Seconds(), what) }
	err := until(ctx, func() error {
		_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	report("the API server answers")
	for _, path := range paths {
		if err := c.applyPath(ctx, path); err != nil {
			return err
		}
		report(path + " is applied")
	}
	if node == "" {
		return nil
	}
	if err := until(ctx, func() error { return c.ready(ctx, node) }); err != nil {
		return fmt.Errorf("the node is not ready: %w", err)
	}
	report("the node is ready")
	err = until(ctx, func() error {
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("pods cannot be made: %w", err)
	}
	report("pods can be made")
	return nil
}

// until tries again until there is no error or no time left, and then returns the last error.
func until(ctx context.Context, try func() error) error {
	last := errors.New("not tried")
	err := wait.PollUntilContextCancel(ctx, pause, true, func(context.Context) (bool, error) {
		last = try()
		return last == nil, nil
	})
	if err != nil {
		return last
	}
	return nil
}

func (c *cluster) ready(ctx context.Context, name string) error {
	node, err := c.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			// The scheduler takes no account of conditions, only of taints, which go a moment later.
			if len(node.Spec.Taints) != 0 {
				return fmt.Errorf("the node has the taint %s", node.Spec.Taints[0].ToString())
			}
			return nil
		}
		if condition.Type == corev1.NodeReady {
			err = errors.New(condition.Message)
		}
	}
	return errors.Join(errors.New("the node does not say that it is ready"), err)
}

func (c *cluster) applyPath(ctx context.Context, path string) error {
	files := []string{path}
	if information, err := os.Stat(path); err != nil {
		return err
	} else if information.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.yaml")); err != nil {
			return err
		}
		slices.Sort(files)
	}
	for _, file := range files {
		if err := c.applyFile(ctx, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func (c *cluster) applyFile(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if len(object.Object) == 0 {
			continue
		}
		// A kind whose definition was applied a moment ago is not served yet, and webhooks and controllers that an
		// object depends on may not be there: later attempts succeed.
		if err := until(ctx, func() error { return c.apply(ctx, object) }); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func (c *cluster) apply(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		c.kinds.Reset()
		return err
	}
	resource := c.resource(mapping.Resource, object.GetNamespace())
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	return err
}

func (c *cluster) resource(resource schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.objects.Resource(resource)
	}
	return c.objects.Resource(resource).Namespace(namespace)
}
