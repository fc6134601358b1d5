package storage

import (
	"context"
	"time"

	"github.com/kubernetes-csi/csi-lib-utils/connection"
	csimetrics "github.com/kubernetes-csi/csi-lib-utils/metrics"
	snapshotinformers "github.com/kubernetes-csi/external-snapshotter/client/v8/informers/externalversions"
	common "github.com/kubernetes-csi/external-snapshotter/v8/pkg/common-controller"
	"github.com/kubernetes-csi/external-snapshotter/v8/pkg/metrics"
	sidecar "github.com/kubernetes-csi/external-snapshotter/v8/pkg/sidecar-controller"
	"github.com/kubernetes-csi/external-snapshotter/v8/pkg/snapshotter"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/util/workqueue"
)

const (
	resync          = 15 * time.Minute
	snapshotTimeout = time.Minute
	workers         = 4
	// What the snapshot controllers put before the UID in the names that drivers see.
	snapshotPrefix      = "snapshot"
	groupSnapshotPrefix = "groupsnapshot"
	// The whole UID is used in names.
	wholeUID = -1
)

// runSnapshotControllers runs the cluster-wide controller of the snapshot kinds and the one that stands beside the
// driver, both as published by the Kubernetes storage group.
func runSnapshotControllers(ctx context.Context, clients clients, d *driver) error {
	// Their informers would complain for ever about kinds that the cluster's starter has not defined yet.
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := clients.snapshots.SnapshotV1().VolumeSnapshotContents().List(ctx, metav1.ListOptions{Limit: 1})
		return err == nil, nil
	})
	if err != nil {
		return nil // told to stop
	}
	socket, err := connection.Connect(ctx, "unix://"+d.socket, csimetrics.NewCSIMetricsManager(d.name))
	if err != nil {
		return err
	}
	snapshotFactory := snapshotinformers.NewSharedInformerFactory(clients.snapshots, resync)
	coreFactory := informers.NewSharedInformerFactory(clients.core, resync)
	kinds := snapshotFactory.Snapshot().V1()
	controller := common.NewCSISnapshotCommonController(
		clients.snapshots, clients.core,
		kinds.VolumeSnapshots(), kinds.VolumeSnapshotContents(), kinds.VolumeSnapshotClasses(),
		nil, nil, nil, // no snapshots of groups
		coreFactory.Core().V1().PersistentVolumeClaims(), coreFactory.Core().V1().PersistentVolumes(), nil,
		metrics.NewMetricsManager(), resync,
		backoff(), backoff(), backoff(), backoff(),
		false, true, false, // no distributed snapshots, volume modes are checked, no groups
	)
	besideDriver := sidecar.NewCSISnapshotSideCarController(
		clients.snapshots, clients.core, d.name,
		kinds.VolumeSnapshotContents(), kinds.VolumeSnapshotClasses(),
		snapshotter.NewSnapshotter(socket), nil,
		snapshotTimeout, resync, snapshotPrefix, wholeUID, groupSnapshotPrefix, wholeUID,
		false, backoff(), false, nil, nil, backoff(),
	)
	snapshotFactory.Start(ctx.Done())
	coreFactory.Start(ctx.Done())
	go controller.Run(workers, ctx.Done(), nil)
	go besideDriver.Run(workers, ctx.Done(), nil)
	<-ctx.Done()
	return nil
}

func backoff() workqueue.TypedRateLimiter[string] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[string](200*time.Millisecond, time.Minute)
}
