package node

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const restartPause = 500 * time.Millisecond

// supervise starts every program, starts again those that end, and buries the orphans of all. In a cluster that works it
// never returns; the cluster's end is process 1 being killed.
func supervise(document *Document) error {
	// A program inherits how many files it may open; the Go runtime passes on only a limit that was set by hand.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	running := map[int]Program{}
	for _, program := range document.Programs {
		process, err := launch(document.Logs, program)
		if err != nil {
			return err
		}
		running[process] = program
	}
	ended := make(chan int)
	due := make(chan Program)
	go reap(ended)
	for {
		select {
		case process := <-ended:
			program, known := running[process]
			if !known {
				continue
			}
			delete(running, process)
			log.Printf("%s ended and is started again", program.Name)
			time.AfterFunc(restartPause, func() { due <- program })
		case program := <-due:
			process, err := launch(document.Logs, program)
			if err != nil {
				return err
			}
			running[process] = program
		}
	}
}

// reap waits for every child, its own and those it inherited. Nothing else in this process may wait for one.
func reap(ended chan<- int) {
	for {
		process, err := syscall.Wait4(-1, nil, 0, nil)
		switch {
		case err == nil:
			ended <- process
		case errors.Is(err, syscall.ECHILD):
			// Everything is dead at this moment and waits for its restart.
			time.Sleep(restartPause)
		}
	}
}

// launch starts a program with its output at the end of its log.
func launch(logs string, program Program) (int, error) {
	file, err := exec.LookPath(program.Command[0])
	if err != nil {
		return 0, err
	}
	output, err := os.OpenFile(filepath.Join(logs, program.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer output.Close()
	input, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer input.Close()
	fmt.Fprintf(output, "--- started %s\n", time.Now().Format(time.RFC3339Nano))
	return syscall.ForkExec(file, program.Command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{input.Fd(), output.Fd(), output.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}
