package storage

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Parameters of a StorageClass or a VolumeSnapshotClass.
const (
	// failParameter names the operation that fails on purpose: one of the values below.
	failParameter = "fail"
	failProvision = "provision"
	failMount     = "mount"
	failSnapshot  = "snapshot"
	// mediumParameter "memory" makes volumes that are full when the size asked for is written.
	mediumParameter = "medium"
	mediumMemory    = "memory"
)

// driver keeps each volume and each snapshot in a folder. It implements the three services of CSI.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer

	name, node, folder, socket string
	// One operation on folders at a time.
	lock sync.Mutex
}

func newDriver(name, node, folder string) (*driver, error) {
	d := &driver{name: name, node: node, folder: folder}
	for _, each := range []string{d.volume(""), d.snapshot("")} {
		if err := os.MkdirAll(each, 0o755); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *driver) takesSnapshots() bool { return d.name == snapshotDriver }

// Identifiers come from requests; only their last part is used, so that none leads out of the folder.
func (d *driver) volume(identifier string) string {
	return filepath.Join(d.folder, "volumes", filepath.Base("/"+identifier))
}

func (d *driver) snapshot(identifier string) string {
	return filepath.Join(d.folder, "snapshots", filepath.Base("/"+identifier))
}

func (d *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: d.name, VendorVersion: "1"}, nil
}

func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

func (d *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	service := &csi.PluginCapability_Service{Type: csi.PluginCapability_Service_CONTROLLER_SERVICE}
	capability := &csi.PluginCapability{Type: &csi.PluginCapability_Service_{Service: service}}
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{capability}}, nil
}

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	kinds := []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
	}
	if d.takesSnapshots() {
		kinds = append(kinds,
			csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
			csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS)
	}
	response := &csi.ControllerGetCapabilitiesResponse{}
	for _, kind := range kinds {
		capability := &csi.ControllerServiceCapability_RPC{Type: kind}
		response.Capabilities = append(response.Capabilities,
			&csi.ControllerServiceCapability{Type: &csi.ControllerServiceCapability_Rpc{Rpc: capability}})
	}
	return response, nil
}

// refuse fails the operation when the parameters say so.
func refuse(parameters map[string]string, operation string) error {
	if parameters[failParameter] == operation {
		return status.Errorf(codes.Internal, "the class says that %s fails", operation)
	}
	return nil
}
