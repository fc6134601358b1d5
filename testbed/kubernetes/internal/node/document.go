// Package node makes the namespaces of a cluster and is process 1 inside them.
//
// It knows nothing about Kubernetes: the document says what to mount and which programs to keep running.
package node

import (
	"encoding/json"
	"fmt"
	"os"
)

// Document is what the starter of a cluster wants. All paths are absolute.
type Document struct {
	// Hostname within the cluster.
	Hostname string `json:"hostname"`
	// Logs is the folder with one log for each program.
	Logs    string   `json:"logs"`
	Network Network  `json:"network"`
	Cgroups []Cgroup `json:"cgroups"`
	// Covers are folders and files of the machine that the cluster sees replaced by its own.
	Covers []Cover `json:"covers"`
	// Shown are machine-wide kernel settings, below /proc/sys, that programs of the cluster want to set. They see a file
	// which already has the wanted value; the kernel's is left alone.
	Shown []Setting `json:"shown"`
	// Settings are kernel settings that belong to the cluster's own network namespace and are really set.
	Settings []Setting `json:"settings"`
	Programs []Program `json:"programs"`
}

// Network joins the cluster to the machine: a pair of virtual interfaces with an address at each end.
type Network struct {
	// Link is the machine's end; the cluster's end is eth0.
	Link string `json:"link"`
	// Host and Node are addresses with their prefix length, as 10.97.0.1/30.
	Host string `json:"host"`
	Node string `json:"node"`
	// Routes are the networks that the machine reaches through the node.
	Routes []string `json:"routes"`
}

// Cgroup is one hierarchy and the cluster's own group in it.
type Cgroup struct {
	// Mount is where the machine has the hierarchy, Group the cluster's folder below it.
	Mount string `json:"mount"`
	Group string `json:"group"`
	// Kind is cgroup or cgroup2; Options are those to mount the hierarchy again with.
	Kind    string `json:"kind"`
	Options string `json:"options"`
}

// Cover shows From at To.
type Cover struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Setting is a kernel setting by its path below /proc/sys.
type Setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Program is kept running: when it ends, it is started again.
type Program struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
}

func read(path string) (*Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	document := &Document{}
	if err := json.Unmarshal(text, document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, nil
}
