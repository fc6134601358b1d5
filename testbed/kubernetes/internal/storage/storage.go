// Package storage gives the cluster its volumes: two CSI drivers of our own, one that can take snapshots and one that
// cannot, the provisioner that Kubernetes expects beside a driver, and the genuine controllers of the snapshot kinds.
//
// What the snapshot kinds do is therefore real. The drivers and the provisioner are ours and say nothing about anybody
// else's. There are no block volumes, no expansion, no statistics and no topology.
package storage

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	snapshotscheme "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned/scheme"
	"google.golang.org/grpc"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	// snapshotDriver can take snapshots, plainDriver cannot.
	snapshotDriver = "hostpath.csi.mainstay.dev"
	plainDriver    = "plain.csi.mainstay.dev"
)

// Main is the program "storage".
func Main(arguments []string) error {
	flags := flag.NewFlagSet("storage", flag.ContinueOnError)
	node := flags.String("node", "", "name of the node")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file")
	folder := flags.String("folder", "", "where volumes and snapshots lie")
	kubelet := flags.String("kubelet", "/var/lib/kubelet", "folder of the kubelet")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	configuration, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	configuration.QPS = -1
	if err := snapshotscheme.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	clients := clients{}
	if clients.core, err = kubernetes.NewForConfig(configuration); err != nil {
		return err
	}
	if clients.snapshots, err = snapshots.NewForConfig(configuration); err != nil {
		return err
	}
	// A copy that was under way when the process died has left its pods frozen.
	if err := thawAll(); err != nil {
		return err
	}
	drivers := map[string]*driver{}
	failed := make(chan error)
	for _, name := range []string{snapshotDriver, plainDriver} {
		each, err := newDriver(name, *node, filepath.Join(*folder, name))
		if err != nil {
			return err
		}
		drivers[name] = each
		if err := each.listen(*kubelet, failed); err != nil {
			return err
		}
	}
	go func() { failed <- provision(ctx, clients, drivers) }()
	go func() { failed <- runSnapshotControllers(ctx, clients, drivers[snapshotDriver]) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

type clients struct {
	core      kubernetes.Interface
	snapshots snapshots.Interface
}

// listen serves the driver on a socket of its own and tells the kubelet about it on another.
func (d *driver) listen(kubelet string, failed chan<- error) error {
	d.socket = filepath.Join(kubelet, "plugins", d.name, "csi.sock")
	err := serve(d.socket, failed, func(server *grpc.Server) {
		csi.RegisterIdentityServer(server, d)
		csi.RegisterControllerServer(server, d)
		csi.RegisterNodeServer(server, d)
	})
	if err != nil {
		return err
	}
	return serve(filepath.Join(kubelet, "plugins_registry", d.name+"-reg.sock"), failed, func(server *grpc.Server) {
		registration.RegisterRegistrationServer(server, &announcement{driver: d, failed: failed})
	})
}

func serve(socket string, failed chan<- error, register func(*grpc.Server)) error {
	if err := os.MkdirAll(filepath.Dir(socket), 0o750); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	register(server)
	go func() { failed <- fmt.Errorf("serving %s: %w", socket, server.Serve(listener)) }()
	return nil
}

// announcement answers the kubelet, which asks each socket in its plugin folder who is there.
type announcement struct {
	registration.UnimplementedRegistrationServer
	driver *driver
	failed chan<- error
}

func (a *announcement) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              a.driver.name,
		Endpoint:          a.driver.socket,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (a *announcement) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if status.PluginRegistered {
		log.Printf("the kubelet has taken the driver %s", a.driver.name)
	} else {
		// The process ends and is started again: registering is tried anew.
		a.failed <- fmt.Errorf("the kubelet refused the driver %s: %s", a.driver.name, status.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}
