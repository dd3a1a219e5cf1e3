package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tpp/tppsim"
	"bellman/gateway/gatewaytest"
)

// practicePC is a PC in a practice: SystmOne, and the agent beside it.
type practicePC struct {
	s      *scene
	sim    *tppsim.Sim
	socket string
	door   string // listen.agents
	bundle string
}

// newPracticePC sets a scene whose diary is in the SystmOne of a PC.
func newPracticePC(t *testing.T, now time.Time) *practicePC {
	t.Helper()
	p := &practicePC{s: newScene(t, "fhir", now), door: gatewaytest.FreeAddress(t)}
	surgery.Forty(p.s.diary, now, 3)
	p.sim = tppsim.New(p.s.diary, tppsim.Options{Clock: p.s.clock, APIKey: simAPIKey, Organisation: scenePractice})
	p.sim.SetFaults(tppsim.Faults{Zone: true, ShowsGone: true, Multiline: true})
	t.Cleanup(p.sim.Close)
	var err error
	if p.socket, err = p.sim.Start(); err != nil {
		t.Fatal(err)
	}
	p.s.configure(fmt.Sprintf("{type: tpp, address: agent, api_key: %s, pace_ms: 1, answer_within: 2s}\n    max_requests: 6000", simAPIKey), "")
	p.s.edit("listen: {", fmt.Sprintf("listen: {agents: %q, ", p.door))
	p.s.do("keys", "new")
	p.bundle = p.s.path("pc")
	p.s.do("agent", "new", "--practice", scenePractice, "--out", p.bundle)
	return p
}

// agent starts `bellman agent` on the PC, and gives what ends it.
func (p *practicePC) agent() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	log := &gatewaytest.Log{}
	running.Go(func() {
		c := &cli{out: log, err: log, in: strings.NewReader(""), now: p.s.now}
		if code := c.run(ctx, []string{
			"agent", "--gateway", p.door, "--local", p.socket,
			"--cert", p.bundle + "/agent.crt", "--key", p.bundle + "/agent.key", "--ca", p.bundle + "/ca.crt",
		}); code != exitDone {
			p.s.t.Errorf("the agent ended with status %d: %s", code, log)
		}
	})
	end = sync.OnceFunc(func() { cancel(); running.Wait() })
	p.s.t.Cleanup(end)
	log.Watch(p.s.t, simAPIKey, "Ashdown")
	return end
}

func TestADiaryOnAPracticesPCIsReadThroughItsAgent(t *testing.T) {
	t.Parallel()
	p := newPracticePC(t, london(time.November, 16, 10, 0))
	v := p.s.serve()
	end := p.agent()
	gatewaytest.Await(t, "SystmOne asks a person on the PC for approval", func() bool { return p.sim.Click(true) })
	v.fresh()
	if n, open := p.sim.Dialogs(); n != 1 || open != 0 {
		t.Errorf("%d questions on the screen, %d open; want one, answered", n, open)
	}
	v.await("everybody's details are read", func() string {
		if n := v.metric("bellman_reminders", `state="held"`); n != 2 {
			return fmt.Sprintf("%v reminders held, want those of the two unclear numbers", n)
		}
		return ""
	})

	// Another process reaches the PC through the door of the one at work.
	var pulled struct {
		Complete     bool
		Appointments []struct{ Status string }
	}
	p.s.ask(&pulled, "pull", "--practice", scenePractice)
	if !pulled.Complete || len(pulled.Appointments) != 41 {
		t.Errorf("complete: %t, %d appointments; want all 41", pulled.Complete, len(pulled.Appointments))
	}
	if out := p.s.do("check"); !strings.Contains(out, "41 appointments read with tpp") || !strings.Contains(out, "ok    agents") {
		t.Errorf("bellman check says\n%s", out)
	}

	// The PC is switched off: nothing is learnt, and nothing is withdrawn.
	queued := v.metric("bellman_reminders", `state="queued"`)
	end()
	failed := v.metric("bellman_feed_failures_total")
	v.await("reading fails", func() string {
		if v.metric("bellman_feed_failures_total") == failed {
			return "not yet"
		}
		return ""
	})
	if now := v.metric("bellman_reminders", `state="queued"`); now != queued || queued == 0 {
		t.Errorf("%v reminders are queued, and were %v", now, queued)
	}
	if _, _, errOut := p.s.run("pull", "--practice", scenePractice); !strings.Contains(errOut, "no agent of this practice") {
		t.Errorf("bellman pull says %q", errOut)
	}
	v.stop()
	if _, _, errOut := p.s.run("pull", "--practice", scenePractice); !strings.Contains(errOut, "start it") {
		t.Errorf("without the service, bellman pull says %q", errOut)
	}
}
