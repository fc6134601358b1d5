package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/mount-utils"
)

const freezeLimit = 10 * time.Second

// freezer is how one version of cgroups stops the processes of a group.
type freezer struct {
	root, file, freeze, thaw string
	// confirmation is the file, and the text in it, that says that all of them have stopped.
	confirmationFile, confirmation string
}

// thisFreezer finds the machine's version of cgroups.
func thisFreezer() freezer {
	var information unix.Statfs_t
	if err := unix.Statfs("/sys/fs/cgroup", &information); err == nil && information.Type == unix.CGROUP2_SUPER_MAGIC {
		return freezer{"/sys/fs/cgroup", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1"}
	}
	return freezer{"/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN"}
}

// duplicateAtOnce copies a volume as it is at one moment: the pods that have it mounted are stopped meanwhile. What they
// have written is in the page cache of this kernel and therefore in the copy.
func (d *driver) duplicateAtOnce(ctx context.Context, volume, to string) (err error) {
	pods, err := d.podsWith(volume)
	if err != nil {
		return err
	}
	freezer := thisFreezer()
	groups, err := freezer.groups(pods)
	if err != nil {
		return err
	}
	defer func() {
		for _, group := range groups {
			err = errors.Join(err, ignoreAbsent(freezer.write(group, freezer.thaw)))
		}
	}()
	for _, group := range groups {
		if err := freezer.stop(group); ignoreAbsent(err) != nil {
			return err
		}
	}
	return duplicate(ctx, d.volume(volume), to)
}

var podOfMount = regexp.MustCompile(`/pods/([0-9a-f-]{36})/volumes/`)

// podsWith gives the UIDs of the pods in which the volume is mounted.
func (d *driver) podsWith(volume string) ([]string, error) {
	mounts, err := mount.ParseMountInfo("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var pods []string
	for _, each := range mounts {
		// Root is the folder within its file system that a bind mount shows; its end is enough to know it.
		if !strings.HasSuffix(each.Root, filepath.Join(d.name, "volumes", volume)) {
			continue
		}
		if match := podOfMount.FindStringSubmatch(each.MountPoint); match != nil {
			pods = append(pods, match[1])
		}
	}
	return pods, nil
}

// groups finds the cgroups of pods, below the kubelet's three classes of service.
func (f freezer) groups(pods []string) ([]string, error) {
	var groups []string
	for _, pod := range pods {
		for _, class := range []string{"kubepods", "kubepods/burstable", "kubepods/besteffort"} {
			group := filepath.Join(f.root, class, "pod"+pod)
			if _, err := os.Stat(group); err == nil {
				groups = append(groups, group)
			} else if !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
	}
	return groups, nil
}

// stop freezes a group and returns when nothing in it runs any more.
func (f freezer) stop(group string) error {
	if err := f.write(group, f.freeze); err != nil {
		return err
	}
	for deadline := time.Now().Add(freezeLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(group, f.confirmationFile))
		if err != nil {
			return err
		}
		if strings.Contains(string(text), f.confirmation) {
			return nil
		}
	}
	return fmt.Errorf("%s did not stop within %s", group, freezeLimit)
}

func (f freezer) write(group, value string) error {
	return os.WriteFile(filepath.Join(group, f.file), []byte(value), 0)
}

// ignoreAbsent forgives that a pod has gone in the meantime.
func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// thawAll lets every pod run.
func thawAll() error {
	freezer := thisFreezer()
	pods := filepath.Join(freezer.root, "kubepods")
	err := filepath.WalkDir(pods, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || !strings.HasPrefix(entry.Name(), "pod") {
			return ignoreAbsent(err)
		}
		return ignoreAbsent(freezer.write(path, freezer.thaw))
	})
	return err
}
