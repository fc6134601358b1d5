package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"

	"mainstay.dev/testbed/kubernetes/internal/store"
)

// controlPlane is etcd and the API server in one process, for tests that need no node. What follows "--" are the API
// server's own flags.
//
// It lives as long as its standard input is open: a parent that dies, however it dies, closes the pipe.
func controlPlane(arguments []string) error {
	flags := flag.NewFlagSet("control-plane", flag.ContinueOnError)
	folder := flags.String("data-dir", "", "folder of the database")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *folder == "" {
		return errors.New("--data-dir is missing")
	}
	database, err := store.Open(*folder, "http://127.0.0.1:0", "http://127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	command := apiserver.NewAPIServerCommand()
	command.SetArgs(append(flags.Args(), "--etcd-servers=http://"+database.Clients[0].Addr().String()))
	if code := cli.Run(command); code != 0 {
		return fmt.Errorf("the API server ended with code %d", code)
	}
	return nil
}
