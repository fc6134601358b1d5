package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Init is the program "node-init": process 1 of a cluster. It arranges the mounts, takes its end of the network, starts
// the programs and keeps them running.
func Init(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: node-init DOCUMENT")
	}
	if os.Getpid() != 1 {
		return errors.New("node-init only works as process 1 of namespaces that node made")
	}
	document, err := read(arguments[0])
	if err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(document.Hostname)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := arrange(document); err != nil {
		return err
	}
	// The starter writes a byte when the other end of the link is there; the end of the file means that it gave up.
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting for the network: %w", err)
	}
	if err := configure(&document.Network); err != nil {
		return fmt.Errorf("configuring the network: %w", err)
	}
	for _, setting := range document.Settings {
		if err := os.WriteFile(filepath.Join("/proc/sys", setting.Path), []byte(setting.Value), 0); err != nil {
			return err
		}
	}
	return supervise(document)
}

func configure(network *Network) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(network.Node)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, address); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	gateway, _, err := net.ParseCIDR(network.Host)
	if err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway})
}
