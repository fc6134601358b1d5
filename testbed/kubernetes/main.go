// Every program of a one-node Kubernetes in one executable: linking them together shares the packages they have in
// common, and one file is easy to keep in a cache.
//
// The first word says which program to be: the name the executable was started under, so that a symbolic link named
// kubectl is kubectl, or else the first argument.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	_ "time/tzdata" // CronJobs name time zones; the machine may have no zone files

	"github.com/coredns/coredns/coremain"
	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlerrors "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"mainstay.dev/testbed/kubernetes/internal/node"
	"mainstay.dev/testbed/kubernetes/internal/settle"
	"mainstay.dev/testbed/kubernetes/internal/storage"
	"mainstay.dev/testbed/kubernetes/internal/store"

	// The plugins that the cluster's Corefile names. The list that CoreDNS itself comes with pulls in the SDKs of
	// three clouds.
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

// program runs one program to its end and returns the exit code.
type program func() int

var programs = map[string]program{
	"kube-apiserver":          component(apiserver.NewAPIServerCommand),
	"kube-controller-manager": component(controllermanager.NewControllerManagerCommand),
	"kube-proxy":              component(proxy.NewProxyCommand),
	"kube-scheduler":          component(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 component(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kubectl":                 runKubectl,
	"coredns":                 func() int { coremain.Run(); return 0 },
	"etcd":                    ours(store.Main),
	"control-plane":           ours(controlPlane),
	"node":                    ours(node.Start),
	"node-init":               ours(node.Init),
	"settle":                  ours(settle.Main),
	"storage":                 ours(storage.Main),
}

func component(command func() *cobra.Command) program {
	return func() int { return cli.Run(command()) }
}

// ours adapts a program of this module, which takes its arguments and returns why it failed.
func ours(run func(arguments []string) error) program {
	return func() int {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
			return 1
		}
		return 0
	}
}

func runKubectl() int {
	// kubectl prints its errors itself and has exit codes of its own, which CheckErr gives.
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlerrors.CheckErr(err)
	}
	return 0
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := programs[name]; !known && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, known := programs[name]
	if !known {
		names := make([]string, 0, len(programs))
		for each := range programs {
			names = append(names, each)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: kubernetes PROGRAM [flags], where PROGRAM is one of %v\n", names)
		os.Exit(2)
	}
	os.Exit(run())
}
