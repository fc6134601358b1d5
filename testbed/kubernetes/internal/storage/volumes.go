package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/mount-utils"
)

// CreateVolume makes a folder, empty or with the contents of a snapshot or of another volume. Made again under the same
// name, it answers as the first time.
func (d *driver) CreateVolume(ctx context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if err := refuse(request.Parameters, failProvision); err != nil {
		return nil, err
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	size := request.GetCapacityRange().GetRequiredBytes()
	folder := d.volume(request.Name)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		if err := d.fill(ctx, folder, request, size); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:      request.Name,
		CapacityBytes: size,
		ContentSource: request.VolumeContentSource,
		VolumeContext: request.Parameters,
	}}, nil
}

// fill makes the volume beside its place and moves it there when it is whole. A volume in memory is made in place, since
// a mount cannot be moved; it has no contents to begin with.
func (d *driver) fill(ctx context.Context, folder string, request *csi.CreateVolumeRequest, size int64) error {
	if request.Parameters[mediumParameter] == mediumMemory {
		if request.VolumeContentSource != nil {
			return status.Error(codes.InvalidArgument, "a volume in memory begins empty")
		}
		if err := os.Mkdir(folder, 0o777); err != nil {
			return err
		}
		return unix.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=777", size))
	}
	half := folder + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	switch source := request.GetVolumeContentSource().GetType().(type) {
	case *csi.VolumeContentSource_Snapshot:
		if err := duplicate(ctx, filepath.Join(d.snapshot(source.Snapshot.SnapshotId), "data"), half); err != nil {
			return err
		}
	case *csi.VolumeContentSource_Volume:
		if err := d.duplicateAtOnce(ctx, source.Volume.VolumeId, half); err != nil {
			return err
		}
	default:
		if err := os.Mkdir(half, 0o777); err != nil {
			return err
		}
		// Mkdir heeds the umask.
		if err := os.Chmod(half, 0o777); err != nil {
			return err
		}
	}
	return os.Rename(half, folder)
}

// duplicate copies a folder with everything a file can have: owner, mode, times, links, holes, attributes.
func duplicate(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return status.Errorf(codes.NotFound, "there is no %s", from)
	}
	if output, err := exec.CommandContext(ctx, "cp", "--archive", "--reflink=auto", from, to).CombinedOutput(); err != nil {
		return status.Errorf(codes.Internal, "copying %s: %v: %s", from, err, output)
	}
	return nil
}

// DeleteVolume removes the folder; a volume that is not there is deleted already.
func (d *driver) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	folder := d.volume(request.VolumeId)
	// Only a volume in memory is a mount; EINVAL says that this one is not.
	if err := unix.Unmount(folder, 0); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	return &csi.DeleteVolumeResponse{}, os.RemoveAll(folder)
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

// NodePublishVolume shows the volume's folder to a pod.
func (d *driver) NodePublishVolume(_ context.Context, request *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if err := refuse(request.VolumeContext, failMount); err != nil {
		return nil, err
	}
	if request.VolumeCapability.GetBlock() != nil {
		return nil, status.Error(codes.InvalidArgument, "there are no block volumes here")
	}
	folder := d.volume(request.VolumeId)
	if _, err := os.Stat(folder); err != nil {
		return nil, status.Errorf(codes.NotFound, "volume %s: %v", request.VolumeId, err)
	}
	if err := os.MkdirAll(request.TargetPath, 0o750); err != nil {
		return nil, err
	}
	if mounted, err := mount.New("").IsMountPoint(request.TargetPath); err != nil {
		return nil, err
	} else if mounted {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := unix.Mount(folder, request.TargetPath, "", unix.MS_BIND, ""); err != nil {
		return nil, err
	}
	if request.Readonly {
		// A bind mount takes this flag only when it is mounted again.
		if err := unix.Mount("", request.TargetPath, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			return nil, errors.Join(err, unix.Unmount(request.TargetPath, 0))
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

// NodeUnpublishVolume undoes NodePublishVolume, as far as it went.
func (d *driver) NodeUnpublishVolume(_ context.Context, request *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := unix.Unmount(request.TargetPath, 0); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	if err := os.Remove(request.TargetPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}
