package storage

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

const (
	provisionerAnnotation   = "volume.kubernetes.io/storage-provisioner"
	selectedNodeAnnotation  = "volume.kubernetes.io/selected-node"
	provisionedByAnnotation = "pv.kubernetes.io/provisioned-by"
)

// provisioner makes a volume for each claim that asks one of the drivers for it, and removes the volumes that are
// released.
type provisioner struct {
	clients  clients
	drivers  map[string]*driver
	claims   corelisters.PersistentVolumeClaimLister
	volumes  corelisters.PersistentVolumeLister
	classes  storagelisters.StorageClassLister
	recorder record.EventRecorder
}

// work is one object to look at: a claim, or a volume when there is no namespace.
type work struct{ namespace, name string }

func provision(ctx context.Context, clients clients, drivers map[string]*driver) error {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: clients.core.CoreV1().Events("")})
	factory := informers.NewSharedInformerFactory(clients.core, resync)
	core := factory.Core().V1()
	p := &provisioner{
		clients:  clients,
		drivers:  drivers,
		claims:   core.PersistentVolumeClaims().Lister(),
		volumes:  core.PersistentVolumes().Lister(),
		classes:  factory.Storage().V1().StorageClasses().Lister(),
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "provisioner"}),
	}
	queue := workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[work](100*time.Millisecond, 30*time.Second))
	add := func(object any) {
		if each, ok := object.(metav1.Object); ok {
			queue.Add(work{each.GetNamespace(), each.GetName()})
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, object any) { add(object) }}
	for _, informer := range []cache.SharedIndexInformer{core.PersistentVolumeClaims().Informer(), core.PersistentVolumes().Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go func() {
		<-ctx.Done()
		queue.ShutDown()
	}()
	for {
		item, stopped := queue.Get()
		if stopped {
			return nil
		}
		if err := p.do(ctx, item); err != nil {
			log.Printf("%s/%s: %v", item.namespace, item.name, err)
			queue.AddRateLimited(item)
		} else {
			queue.Forget(item)
		}
		queue.Done(item)
	}
}

func (p *provisioner) do(ctx context.Context, item work) error {
	if item.namespace == "" {
		volume, err := p.volumes.Get(item.name)
		if err != nil {
			return ignoreNotFound(err)
		}
		return p.reclaim(ctx, volume)
	}
	claim, err := p.claims.PersistentVolumeClaims(item.namespace).Get(item.name)
	if err != nil {
		return ignoreNotFound(err)
	}
	if err := p.fulfil(ctx, claim); err != nil {
		p.recorder.Event(claim, corev1.EventTypeWarning, "ProvisioningFailed", err.Error())
		return err
	}
	return nil
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// fulfil makes the volume of a claim, unless the claim is somebody else's, has one, or must wait for its pod.
func (p *provisioner) fulfil(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	d, ours := p.drivers[claim.Annotations[provisionerAnnotation]]
	if !ours || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return err
	}
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	if waits && claim.Annotations[selectedNodeAnnotation] == "" {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	if _, err := p.volumes.Get(name); err == nil {
		return nil
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	request := &csi.CreateVolumeRequest{
		Name:          name,
		CapacityRange: &csi.CapacityRange{RequiredBytes: size.Value()},
		Parameters:    class.Parameters,
	}
	if request.VolumeContentSource, err = p.source(ctx, d, claim, size.Value()); err != nil {
		return err
	}
	made, err := d.CreateVolume(ctx, request)
	if err != nil {
		return fmt.Errorf("failed to provision volume with StorageClass %q: %w", class.Name, err)
	}
	_, err = p.clients.core.CoreV1().PersistentVolumes().Create(ctx, describe(claim, class, d.name, made.Volume), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	} else if err != nil {
		return err
	}
	p.recorder.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", name)
	return nil
}

// describe is the volume as an object, already promised to the claim.
func describe(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, driver string, volume *csi.Volume) *corev1.PersistentVolume {
	mode := corev1.PersistentVolumeFilesystem
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        volume.VolumeId,
			Annotations: map[string]string{provisionedByAnnotation: driver},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    &mode,
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              class.Name,
			MountOptions:                  class.MountOptions,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
				Driver:           driver,
				VolumeHandle:     volume.VolumeId,
				VolumeAttributes: volume.VolumeContext,
			}},
		},
	}
}

// source says what the claim wants its volume to begin with.
func (p *provisioner) source(ctx context.Context, d *driver, claim *corev1.PersistentVolumeClaim, size int64) (*csi.VolumeContentSource, error) {
	from := claim.Spec.DataSource
	if from == nil {
		return nil, nil
	}
	switch from.Kind {
	case "VolumeSnapshot":
		handle, err := p.handle(ctx, d, claim.Namespace, from.Name, size)
		if err != nil {
			return nil, err
		}
		source := &csi.VolumeContentSource_SnapshotSource{SnapshotId: handle}
		return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{Snapshot: source}}, nil
	case "PersistentVolumeClaim":
		other, err := p.claims.PersistentVolumeClaims(claim.Namespace).Get(from.Name)
		if err != nil {
			return nil, err
		}
		if other.Spec.VolumeName == "" {
			return nil, fmt.Errorf("claim %s has no volume yet", from.Name)
		}
		source := &csi.VolumeContentSource_VolumeSource{VolumeId: other.Spec.VolumeName}
		return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Volume{Volume: source}}, nil
	default:
		return nil, fmt.Errorf("a volume cannot be made from a %s", from.Kind)
	}
}

// handle is the driver's own name of a snapshot that is ready and fits.
func (p *provisioner) handle(ctx context.Context, d *driver, namespace, name string, size int64) (string, error) {
	kinds := p.clients.snapshots.SnapshotV1()
	snapshot, err := kinds.VolumeSnapshots(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	state := snapshot.Status
	if state == nil || state.ReadyToUse == nil || !*state.ReadyToUse || state.BoundVolumeSnapshotContentName == nil {
		return "", fmt.Errorf("snapshot %s is not ready", name)
	}
	content, err := kinds.VolumeSnapshotContents().Get(ctx, *state.BoundVolumeSnapshotContentName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if content.Spec.Driver != d.name {
		return "", fmt.Errorf("snapshot %s is of driver %s, not of %s", name, content.Spec.Driver, d.name)
	}
	if content.Status == nil || content.Status.SnapshotHandle == nil {
		return "", errors.New("the content of snapshot " + name + " has no handle")
	}
	if state.RestoreSize != nil && state.RestoreSize.Value() > size {
		return "", fmt.Errorf("requested volume size %d is less than the size %d for the source snapshot %s",
			size, state.RestoreSize.Value(), name)
	}
	return *content.Status.SnapshotHandle, nil
}

// reclaim removes a volume whose claim has gone, when its policy is to.
func (p *provisioner) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if volume.Spec.CSI == nil || volume.Status.Phase != corev1.VolumeReleased || volume.DeletionTimestamp != nil ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	d, ours := p.drivers[volume.Spec.CSI.Driver]
	if !ours {
		return nil
	}
	if _, err := d.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: volume.Spec.CSI.VolumeHandle}); err != nil {
		return err
	}
	same := metav1.NewUIDPreconditions(string(volume.UID))
	err := p.clients.core.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{Preconditions: same})
	if apierrors.IsConflict(err) {
		return nil
	}
	return ignoreNotFound(err)
}
