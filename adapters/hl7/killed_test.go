package hl7_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
)

// What a listener that is going to be killed is told by its environment.
const (
	asVictim  = "BELLMAN_HL7_VICTIM" // before or after: where it stops and waits for its death
	victimAt  = "BELLMAN_HL7_LISTEN"
	victimFor = "BELLMAN_HL7_REDIS"
	victimBy  = "BELLMAN_HL7_KEYS"
	victimTo  = "BELLMAN_HL7_JOURNAL"
	victimPut = "BELLMAN_HL7_PUT" // at which thing that it keeps
)

func TestMain(m *testing.M) {
	if os.Getenv(asVictim) != "" {
		err := listenUntilKilled()
		fmt.Println("ended:", err)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// listenUntilKilled is Bellman's listener in a process of its own, with the store's
// own shelf. It stops for ever when it has something in hand, says so, and is killed.
func listenUntilKilled() error {
	ctx := context.Background()
	master, err := store.ReadKeyFile(os.Getenv(victimBy))
	if err != nil {
		return err
	}
	journal, err := store.OpenJournal(os.Getenv(victimTo), master)
	if err != nil {
		return err
	}
	rdb, err := store.Client(os.Getenv(victimFor))
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, rdb, master, journal)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(os.Getenv(victimPut))
	if err != nil {
		return err
	}
	c := simConfig()
	c.Listen = os.Getenv(victimAt)
	a, err := hl7.New(c, gateway.Surroundings{
		Clock: gateway.ClockFunc(time.Now), Trial: true, Practice: victimPractice,
		Shelf: &mortalShelf{Shelf: s.Shelf(victimPractice), where: os.Getenv(asVictim), at: int64(at)},
	})
	if err != nil {
		return err
	}
	return a.Listen(ctx, func() {})
}

const victimPractice = gateway.ODS("A81001")

// mortalShelf stops for ever before or after it has kept the n-th thing.
type mortalShelf struct {
	gateway.Shelf
	where string
	at    int64
	puts  atomic.Int64
}

func (s *mortalShelf) Put(ctx context.Context, things ...gateway.Kept) error {
	mine := s.puts.Add(1) >= s.at
	if mine && s.where == "before" {
		s.die()
	}
	err := s.Shelf.Put(ctx, things...)
	if mine && s.where == "after" {
		s.die()
	}
	return err
}

func (s *mortalShelf) die() {
	fmt.Println("kill me")
	select {}
}

// A hospital sends bookings, moves, cancellings and new numbers while the listener is
// killed again and again (SIGKILL), each time with a message in hand: received and
// not kept, or kept and not acknowledged. In the end everything is there, once.
func TestNothingIsLostOrDoubledWhenKilledBetweenReceiptAndAcknowledgement(t *testing.T) {
	t.Parallel()
	address, place := storetest.Redis(t, "--appendonly", "yes", "--appendfsync", "always"), storetest.NewPlace(t)
	storetest.OpenAt(t, address, place).Serve([]gateway.ODS{victimPractice})
	now := time.Now()
	clock := gateway.ClockFunc(time.Now)
	d := surgery.New(clock)
	at := gatewaytest.FreeAddress(t)
	sim := hl7sim.New(d, hl7sim.Options{Clock: clock, To: func() string { return at }, Wait: 20 * time.Second, Tries: 1})
	defer sim.Close()
	straight := join(t, d, clock, simConfig())

	lives, ended := 0, make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		for ; ctx.Err() == nil; lives++ {
			where := []string{"before", "after"}[lives%2]
			live(t, ctx, at, address, place, where, 2+lives%4)
		}
	}()
	people, visits := make([]int, 8), make([]int, 8)
	for i := range visits {
		people[i] = d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: fmt.Sprintf("07700 900%03d", 100+i)})
		visits[i] = d.Book(surgery.Visit{Person: people[i], Start: now.Add(time.Duration(48+i) * time.Hour).Truncate(time.Minute), Site: 5})
	}
	send := func() {
		straight.flush(t.Context())
		for deadline := time.Now().Add(2 * time.Minute); sim.Flush(t.Context()) != nil; {
			if time.Now().After(deadline) {
				t.Fatal("the hospital cannot get rid of its messages")
			}
			gateway.Wait(t.Context(), 20*time.Millisecond)
		}
	}
	send()
	for i, v := range visits {
		switch i % 4 {
		case 0:
			d.Cancel(v)
		case 1:
			d.Move(v, now.Add(time.Duration(100+i)*time.Hour).Truncate(time.Minute))
		case 2:
			d.Edit(people[i], func(p *surgery.Person) { p.Mobile = fmt.Sprintf("07700 900%03d", 200+i) })
		}
	}
	send()
	stop()
	<-ended
	if lives < 4 {
		t.Errorf("the listener was killed only %d times", lives)
	}
	if c := sim.Counts(); c.Refused != 0 || c.Waiting != 0 {
		t.Errorf("%d messages were refused, %d wait", c.Refused, c.Waiting)
	}

	after, err := hl7.New(simConfig(), gateway.Surroundings{Clock: clock, Trial: true, Practice: victimPractice, Shelf: storetest.OpenAt(t, address, place).Shelf(victimPractice)})
	if err != nil {
		t.Fatal(err)
	}
	span := gateway.Span{From: now, To: now.AddDate(0, 1, 0)}
	got, err := after.Read(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	want, err := straight.Adapter.Read(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Unreadable) != 0 || !got.Complete || len(got.Appointments) != len(visits) {
		t.Errorf("%d appointments, unreadable %v, complete %t", len(got.Appointments), got.Unreadable, got.Complete)
	}
	if !cmp.Equal(got.Appointments, want.Appointments, cmp.Comparer(func(a, b gateway.Appointment) bool { return a == b })) {
		t.Error("what is known is not what an undisturbed listener knows")
	}
}

// live runs one listener until it asks to be killed, and kills it.
func live(t *testing.T, ctx context.Context, at, address string, place storetest.Place, where string, put int) {
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), asVictim+"="+where, victimAt+"="+at, victimFor+"="+address,
		victimBy+"="+place.Keys, victimTo+"="+place.Journal, victimPut+"="+strconv.Itoa(put))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "kill me" {
			_ = cmd.Process.Kill()
		}
		if strings.HasPrefix(lines.Text(), "ended:") && ctx.Err() == nil {
			t.Error(lines.Text())
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
}
