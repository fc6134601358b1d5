// Package store runs the cluster's database: one member of etcd, without TLS and without waiting for the disk. It is
// reachable from the loopback interface alone.
package store

import (
	"flag"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

const startLimit = time.Minute

// Main is the program "etcd".
func Main(arguments []string) error {
	flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
	folder := flags.String("data-dir", "etcd", "folder of the database")
	clients := flags.String("listen-client", "http://127.0.0.1:2379", "URL for clients")
	peers := flags.String("listen-peer", "http://127.0.0.1:2380", "URL for other members, of which there are none")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	database, err := Open(*folder, *clients, *peers)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	select {
	case <-stop:
		database.Close()
		return nil
	case err := <-database.Err():
		return err
	}
}

// Open starts the database and returns when it answers. Port 0 takes any free port.
func Open(folder, clients, peers string) (*embed.Etcd, error) {
	client, err := url.Parse(clients)
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse(peers)
	if err != nil {
		return nil, err
	}
	configuration := embed.NewConfig()
	configuration.Name = "testbed"
	configuration.Dir = folder
	configuration.ListenClientUrls = []url.URL{*client}
	configuration.AdvertiseClientUrls = configuration.ListenClientUrls
	configuration.ListenPeerUrls = []url.URL{*peer}
	configuration.AdvertisePeerUrls = configuration.ListenPeerUrls
	configuration.InitialCluster = configuration.InitialClusterFromName(configuration.Name)
	// Killing the process loses nothing that the kernel holds; only a power cut would.
	configuration.UnsafeNoFsync = true
	configuration.AutoCompactionMode = "periodic"
	configuration.AutoCompactionRetention = "10m"
	configuration.LogLevel = "warn"
	database, err := embed.StartEtcd(configuration)
	if err != nil {
		return nil, err
	}
	select {
	case <-database.Server.ReadyNotify():
		return database, nil
	case err := <-database.Err():
		return nil, err
	case <-time.After(startLimit):
		database.Close()
		return nil, os.ErrDeadlineExceeded
	}
}
