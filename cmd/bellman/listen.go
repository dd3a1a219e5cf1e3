package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bellman/adapters/hl7"
	"bellman/gateway"
	"bellman/scheduler"
)

// againAfter is how long a door that could not be opened is left closed: a process
// that is just being replaced may have the port still.
const againAfter = 5 * time.Second

// ear takes what clinical systems send by themselves, for one or several practices.
type ear struct {
	name   string // what it is called in the log
	listen func(ctx context.Context, changed func(gateway.ODS)) error
}

// told is a practice whose clinical system sends by itself, and where its section
// stands.
type told struct {
	practice gateway.ODS
	path     string
	source   gateway.Listener
}

// ears makes one of each address to be listened on. Practices that have one address
// share it: a hospital sends what it sends for all of them through one connection.
func ears(all []told) (out []ear, faults []gateway.Fault) {
	shared := map[string][]*hl7.Adapter{}
	paths := map[string]string{}
	var doors []string
	for _, one := range all {
		a, ok := one.source.(*hl7.Adapter)
		if !ok {
			out = append(out, ear{string(one.practice), func(ctx context.Context, changed func(gateway.ODS)) error {
				return one.source.Listen(ctx, func() { changed(one.practice) })
			}})
			continue
		}
		if shared[a.Door()] == nil {
			doors = append(doors, a.Door())
			paths[a.Door()] = one.path
		}
		shared[a.Door()] = append(shared[a.Door()], a)
		if _, err := hl7.NewDoor(shared[a.Door()]...); err != nil {
			faults = append(faults, gateway.Fault{Path: one.path + ".listen", Problem: fmt.Sprintf("is the address of %s too: %s", paths[a.Door()], err)})
		}
	}
	for _, at := range doors {
		out = append(out, ear{at, func(ctx context.Context, changed func(gateway.ODS)) error {
			d, err := hl7.NewDoor(shared[at]...)
			if err != nil {
				return err
			}
			return d.Run(ctx, changed)
		}})
	}
	return out, faults
}

// hearken listens until ctx ends, and has the scheduler read what has changed. It is
// the scheduler's part of the service that listens: listening is how such a system is
// read, and the same process can read it then at once.
func (s *service) hearken(ctx context.Context, sched *scheduler.Scheduler, running *sync.WaitGroup) {
	all, _ := ears(s.told) // openSources has seen that they are without fault
	for _, e := range all {
		running.Go(func() {
			for {
				s.log.Info("listening for messages", "address", e.name)
				if err := e.listen(ctx, sched.Soon); err != nil && ctx.Err() == nil {
					s.log.Error("messages cannot be listened for; trying again", "address", e.name, "error", err)
				}
				if !gateway.Wait(ctx, againAfter) {
					return
				}
			}
		})
	}
}
