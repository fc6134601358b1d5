package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// arrange gives the cluster a view of the machine's files in which it can do no harm. Nothing of it is seen outside.
func arrange(document *Document) error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	// A new view of /sys, because the machine's shows the interfaces of the machine. It hides the cgroups.
	if err := mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		return err
	}
	if err := mountCgroups(document.Cgroups); err != nil {
		return err
	}
	// containerd's shims have their sockets in /run, whatever containerd is told.
	if err := mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	if err := os.MkdirAll("/run/lock", 0o755); err != nil {
		return err
	}
	for _, cover := range document.Covers {
		if err := mount(cover.From, cover.To, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	if err := show(document.Shown); err != nil {
		return err
	}
	// Mounts of volumes must propagate into the pods that ask for it.
	return mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

// show covers each machine-wide setting by a file of the wanted value, because the kubelet refuses to start when it can
// neither find nor set what it wants.
func show(settings []Setting) error {
	for _, setting := range settings {
		target := filepath.Join("/proc/sys", setting.Path)
		if _, err := os.Stat(target); errors.Is(err, os.ErrNotExist) {
			continue // this kernel was built without it
		}
		file := filepath.Join("/run/settings", strings.ReplaceAll(setting.Path, "/", "."))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(setting.Value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, target, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

// mountCgroups mounts every hierarchy anew. In a cgroup namespace the root of a new mount is the cluster's own group, so
// that two kubelets of one machine do not meet.
func mountCgroups(cgroups []Cgroup) error {
	const root = "/sys/fs/cgroup"
	if len(cgroups) == 1 && cgroups[0].Kind == "cgroup2" {
		if err := mount("cgroup2", root, "cgroup2", 0, ""); err != nil {
			return err
		}
		return delegate(root)
	}
	if err := mount("cgroup", root, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, cgroup := range cgroups {
		name := filepath.Base(cgroup.Mount)
		folder := filepath.Join(root, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		if err := mount("cgroup", folder, cgroup.Kind, 0, cgroup.Options); err != nil {
			return err
		}
		// Programs look for each of the controllers that share a mount, cpu,cpuacct say, by its own name.
		for _, controller := range strings.Split(name, ",") {
			if controller == name {
				continue
			}
			if err := os.Symlink(name, filepath.Join(root, controller)); err != nil {
				return err
			}
		}
	}
	return nil
}

// delegate moves process 1 out of the group's root, which must be empty of processes before its controllers can be given
// to the groups below it.
func delegate(root string) error {
	leaf := filepath.Join(root, "init")
	if err := os.MkdirAll(leaf, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("1"), 0); err != nil {
		return err
	}
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(controllers)) {
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+controller), 0); err != nil {
			return fmt.Errorf("giving the controller %s to the cluster: %w", controller, err)
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source+kind, target, err)
	}
	return nil
}
