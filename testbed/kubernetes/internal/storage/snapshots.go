package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// snapshotRecord lies beside the data of a snapshot.
type snapshotRecord struct {
	Source string    `json:"source"`
	Taken  time.Time `json:"taken"`
	Size   int64     `json:"size"`
}

const recordFile = "record.json"

// CreateSnapshot copies the volume while the pods that have it stand still.
func (d *driver) CreateSnapshot(ctx context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if !d.takesSnapshots() {
		return d.UnimplementedControllerServer.CreateSnapshot(ctx, request)
	}
	if err := refuse(request.Parameters, failSnapshot); err != nil {
		return nil, err
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	taken, err := d.record(request.Name)
	if errors.Is(err, os.ErrNotExist) {
		taken, err = d.take(ctx, request.SourceVolumeId, d.snapshot(request.Name))
	}
	if err != nil {
		return nil, err
	}
	if taken.Source != request.SourceVolumeId {
		return nil, status.Errorf(codes.AlreadyExists, "snapshot %s is of volume %s", request.Name, taken.Source)
	}
	return &csi.CreateSnapshotResponse{Snapshot: taken.answer(request.Name)}, nil
}

// take makes the snapshot beside its place and moves it there when it is whole.
func (d *driver) take(ctx context.Context, volume, folder string) (*snapshotRecord, error) {
	half := folder + ".half"
	if err := os.RemoveAll(half); err != nil {
		return nil, err
	}
	if err := os.Mkdir(half, 0o755); err != nil {
		return nil, err
	}
	taken := &snapshotRecord{Source: volume, Taken: time.Now()}
	data := filepath.Join(half, "data")
	if err := d.duplicateAtOnce(ctx, volume, data); err != nil {
		return nil, err
	}
	var err error
	if taken.Size, err = sizeOf(data); err != nil {
		return nil, err
	}
	text, err := json.Marshal(taken)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(half, recordFile), text, 0o644); err != nil {
		return nil, err
	}
	return taken, os.Rename(half, folder)
}

func sizeOf(folder string) (int64, error) {
	var size int64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		information, err := entry.Info()
		if err != nil {
			return err
		}
		size += information.Size()
		return nil
	})
	return size, err
}

func (d *driver) record(identifier string) (*snapshotRecord, error) {
	text, err := os.ReadFile(filepath.Join(d.snapshot(identifier), recordFile))
	if err != nil {
		return nil, err
	}
	taken := &snapshotRecord{}
	return taken, json.Unmarshal(text, taken)
}

func (r *snapshotRecord) answer(identifier string) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     identifier,
		SourceVolumeId: r.Source,
		CreationTime:   timestamppb.New(r.Taken),
		ReadyToUse:     true,
		SizeBytes:      r.Size,
	}
}

// DeleteSnapshot removes the copy; one that is not there is deleted already.
func (d *driver) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	return &csi.DeleteSnapshotResponse{}, os.RemoveAll(d.snapshot(request.SnapshotId))
}

// ListSnapshots gives all at once, without pages.
func (d *driver) ListSnapshots(_ context.Context, request *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	entries, err := os.ReadDir(d.snapshot(""))
	if err != nil {
		return nil, err
	}
	response := &csi.ListSnapshotsResponse{}
	for _, entry := range entries {
		identifier := entry.Name()
		if request.SnapshotId != "" && request.SnapshotId != identifier {
			continue
		}
		taken, err := d.record(identifier)
		if errors.Is(err, os.ErrNotExist) {
			continue // half made
		} else if err != nil {
			return nil, err
		}
		if request.SourceVolumeId == "" || request.SourceVolumeId == taken.Source {
			response.Entries = append(response.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: taken.answer(identifier)})
		}
	}
	return response, nil
}
