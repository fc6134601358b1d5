package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWCGROUP

// Start is the program "node": it makes the cluster's process 1 and its link to the machine, then ends. The cluster goes
// on without it, until its process 1 is killed; the kernel then ends every process in it and removes its mounts, its
// interfaces and the routes to it.
func Start(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: node DOCUMENT")
	}
	document, err := read(arguments[0])
	if err != nil {
		return err
	}
	// Before the cgroup namespace is made: its root is the group its maker is in.
	for _, cgroup := range document.Cgroups {
		file := filepath.Join(cgroup.Mount, cgroup.Group, "cgroup.procs")
		if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			return fmt.Errorf("joining the cluster's cgroup: %w", err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(document.Logs, "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	linked, link, err := os.Pipe()
	if err != nil {
		return err
	}
	command := exec.Command(self, "node-init", arguments[0])
	command.Stdin = linked
	command.Stdout = log
	command.Stderr = log
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("making the cluster's namespaces: %w", err)
	}
	process := command.Process.Pid
	if err := connect(&document.Network, process); err != nil {
		return errors.Join(fmt.Errorf("linking the cluster's network: %w", err), command.Process.Kill())
	}
	// Process 1 waits for this byte before it starts anything.
	_, err = link.Write([]byte{1})
	return err
}

// connect makes the pair of interfaces, one end in the network namespace of process, and the machine's routes.
func connect(network *Network, process int) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = network.Link
	pair := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsPid(process)}
	if err := netlink.LinkAdd(pair); err != nil {
		return err
	}
	link, err := netlink.LinkByName(network.Link)
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(network.Host)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, address); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	gateway, _, err := net.ParseCIDR(network.Node)
	if err != nil {
		return err
	}
	for _, route := range network.Routes {
		_, destination, err := net.ParseCIDR(route)
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: destination, Gw: gateway}); err != nil {
			return fmt.Errorf("route to %s: %w", route, err)
		}
	}
	return nil
}
