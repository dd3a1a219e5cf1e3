package hl7_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/hl7sim"
	"bellman/adapters/hl7/mllp"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// tellLive is a story outside sim and test mode.
func tellLive(t *testing.T) *story {
	t.Helper()
	clock := gatewaytest.NewClock(ten)
	c := simConfig()
	c.Listen, c.Allow = gatewaytest.FreeAddress(t), []string{"127.0.0.1"}
	shelf := &tornShelf{Shelf: gatewaytest.NewShelf()}
	a, err := hl7.New(c, gateway.Surroundings{Clock: clock, Practice: "A81001", Shelf: shelf})
	if err != nil {
		t.Fatal(err)
	}
	j := &joined{Adapter: a, t: t, clock: clock, shelf: shelf, at: open(t, func(gateway.ODS) {}, a)}
	return &story{joined: j, t: t, clock: clock}
}

// closed reports whether the other side hangs up without a word.
func closed(t *testing.T, line net.Conn) bool {
	t.Helper()
	_ = line.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := line.Read(make([]byte, 1))
	return n == 0 && err != nil && !os.IsTimeout(err)
}

func TestOnlyAllowedAddressesAreHeard(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Allow = []string{"10.0.0.0/8", "192.0.2.1"}
	s := tellWith(t, c)
	if !closed(t, s.dial()) {
		t.Error("an address that is not on the list is heard")
	}
	c.Allow = []string{"192.0.2.1", "127.0.0.0/8"}
	allowed := tellWith(t, c)
	allowed.took("AA", allowed.say(1, "SIU^S12", sch("88001", monday10), pid("1001", first)))
}

func TestWhoSpeaksAnotherProtocolIsHungUpOn(t *testing.T) {
	t.Parallel()
	s := tell(t)
	line := s.dial()
	go func() { _, _ = io.WriteString(line, strings.Repeat("GET / HTTP/1.1\r\n", 10_000)) }()
	if !closed(t, line) {
		t.Error("still listened to")
	}
}

func TestHalfAMessageIsWaitedForOnlySoLong(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Limits.Time = time.Second
	s := tellWith(t, c)
	line := s.dial()
	m := handAt(ten, "SIU^S12", sch("88001", monday10)+pid("1001", first))
	if _, err := io.WriteString(line, "\x0b"+m[:len(m)/2]); err != nil {
		t.Fatal(err)
	}
	if !closed(t, line) {
		t.Error("half a message holds the line")
	}
	gatewaytest.Await(t, "the half message is told of", func() bool { return strings.Contains(strings.Join(s.feed().Notes, " "), "broke off") })
	if f := s.feed(); len(f.Appointments) != 0 {
		t.Error("half a message was taken")
	}
	s.took("AA", s.raw(m))
}

func TestTheLineThatWasSilentForLongestMakesRoom(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Limits.Connections = 2
	s := tellWith(t, c)
	one, two := s.dial(), s.dial()
	speak := func(line net.Conn) error {
		if err := mllp.Write(line, []byte(handAt(ten, "SIU^S23", "SCH||1\r"))); err != nil {
			return err
		}
		_, err := mllp.NewReader(line, 1<<20).Next()
		return err
	}
	for _, line := range []net.Conn{one, two, one} {
		if err := speak(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := speak(s.dial()); err != nil {
		t.Errorf("a third line is not heard: %v", err)
	}
	if !closed(t, two) {
		t.Error("the line that was silent for longest is still open")
	}
	if err := speak(one); err != nil {
		t.Errorf("the line that spoke last was closed: %v", err)
	}
}

func TestPracticesShareADoorAndEachTakesItsOwn(t *testing.T) {
	t.Parallel()
	clock := gatewaytest.NewClock(ten)
	adapter := func(ods gateway.ODS, facility string) *hl7.Adapter {
		c := simConfig()
		c.Facility = hl7.Facility{Field: "PV1-3.4", Is: []string{facility}}
		a, err := hl7.New(c, gateway.Surroundings{Clock: clock, Trial: true, Practice: ods, Shelf: gatewaytest.NewShelf()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	east, west := adapter("A81001", "EAST"), adapter("B82002", "WEST")
	var mu sync.Mutex
	changed := map[gateway.ODS]int{}
	at := open(t, func(p gateway.ODS) { mu.Lock(); changed[p]++; mu.Unlock() }, east, west)
	s := &story{joined: &joined{Adapter: east, t: t, clock: clock, at: at}, t: t, clock: clock}
	pv1 := func(site string) string { return "PV1|1|O|CLINIC^^^" + site + "\r" }
	s.took("AA AA AA AA",
		s.say(1, "SIU^S12", sch("1", monday10), pid("1001", first), pv1("EAST")),
		s.say(2, "SIU^S12", sch("2", tuesday11), pid("1001", first), pv1("WEST")),
		s.say(3, "SIU^S12", sch("3", tuesday11), pid("1001", first), pv1("NORTH")),
		s.say(4, "ADT^A31", pid("1001", second)))
	for _, c := range []struct {
		a    *hl7.Adapter
		want gateway.AppointmentID
	}{{east, "RSIM1/1-RSIM1/1001"}, {west, "RSIM1/2-RSIM1/1001"}} {
		s.Adapter = c.a
		if a := s.only(); a.ID != c.want || a.Patient.Mobile != gateway.NewPhone("+447700900102") {
			t.Errorf("%s, want %s, with the new number", a.ID, c.want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if changed["A81001"] != 2 || changed["B82002"] != 2 {
		t.Errorf("changes were told %v", changed)
	}
}

func TestPracticesThatWouldTextAPatientTwiceCannotShareADoor(t *testing.T) {
	t.Parallel()
	adapter := func(change func(*hl7.Config)) *hl7.Adapter {
		c := simConfig()
		change(&c)
		a, err := hl7.New(c, gateway.Surroundings{Clock: gatewaytest.NewClock(ten), Trial: true, Shelf: gatewaytest.NewShelf()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	plain := adapter(func(*hl7.Config) {})
	for what, other := range map[string]*hl7.Adapter{
		"the same facility":    adapter(func(*hl7.Config) {}),
		"one takes everything": adapter(func(c *hl7.Config) { c.Facility = hl7.Facility{} }),
		"another field":        adapter(func(c *hl7.Config) { c.Facility = hl7.Facility{Field: "PV1-3.4", Is: []string{"X"}} }),
		"other addresses": adapter(func(c *hl7.Config) {
			c.Facility.Is, c.Allow = []string{"X"}, []string{"127.0.0.1"}
		}),
	} {
		if _, err := hl7.NewDoor(plain, other); err == nil {
			t.Errorf("%s: no fault", what)
		}
	}
	if _, err := hl7.NewDoor(plain, adapter(func(c *hl7.Config) { c.Facility.Is = []string{"X"} })); err != nil {
		t.Errorf("two facilities: %v", err)
	}
}

func TestTwoFacilitiesUseTheSameNumbers(t *testing.T) {
	t.Parallel()
	c := simConfig()
	c.Facility = hl7.Facility{}
	s := tellWith(t, c)
	from := func(facility, rest string) string {
		return strings.Replace(handAt(ten, "SIU^S12", rest), "|RSIM1|", "|"+facility+"|", 1)
	}
	s.took("AA AA", s.raw(from("RJ1", sch("1", monday10)+pid("1001", first))), s.raw(from("RJ2", sch("1", tuesday11)+pid("1001", second))))
	f := s.feed()
	if len(f.Appointments) != 2 || f.Appointments[0].Patient.Mobile == f.Appointments[1].Patient.Mobile {
		t.Errorf("%d appointments: one facility's numbers were taken for the other's", len(f.Appointments))
	}
}

func TestManyLinesAndReplicasAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	clock := gatewaytest.NewClock(ten)
	shelf := gatewaytest.NewShelf()
	var doors []string
	var replica *hl7.Adapter
	for range 2 {
		a, err := hl7.New(simConfig(), gateway.Surroundings{Clock: clock, Trial: true, Shelf: shelf})
		if err != nil {
			t.Fatal(err)
		}
		replica, doors = a, append(doors, open(t, func(gateway.ODS) {}, a))
	}
	d := surgery.New(clock)
	p := d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: first})
	for i := range 40 {
		d.Book(surgery.Visit{Person: p, Start: ten.AddDate(0, 0, 1+i%20).Add(time.Duration(i) * time.Minute), Site: 5})
	}
	var sending sync.WaitGroup
	for i := range 6 {
		sim := hl7sim.New(d, hl7sim.Options{Clock: clock, To: func() string { return doors[i%2] }, Tries: 50})
		sim.SetFaults(hl7sim.Faults{Twice: true, DropsAnswer: 10})
		sending.Go(func() {
			defer sim.Close()
			if err := sim.Flush(t.Context()); err != nil {
				t.Errorf("line %d: %v", i, err)
			}
		})
	}
	sending.Wait()
	f, err := replica.Read(t.Context(), gateway.Span{From: ten, To: ten.AddDate(0, 2, 0)})
	if err != nil || len(f.Appointments) != 40 || len(f.Unreadable) != 0 || !f.Complete {
		t.Fatalf("%d appointments, %v, %v", len(f.Appointments), f.Unreadable, err)
	}
	for _, a := range f.Appointments {
		if a.Status != booked || a.Patient.Mobile != gateway.NewPhone("+447700900101") {
			t.Errorf("%s: status %d", a.ID, a.Status)
		}
	}
}

func TestTLSAsksForTheSendersCertificate(t *testing.T) {
	t.Parallel()
	files, ca := certificates(t)
	c := simConfig()
	c.TLS = hl7.TLS{CertFile: files["server"], KeyFile: files["server key"], ClientCAFile: files["ca"]}
	s := tellWith(t, c)
	pair, err := tls.LoadX509KeyPair(files["client"], files["client key"])
	if err != nil {
		t.Fatal(err)
	}
	d := surgery.New(s.clock)
	p := d.Register(surgery.Person{Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: first})
	d.Book(surgery.Visit{Person: p, Start: ten.AddDate(0, 0, 7), Site: 5})
	send := func(with *tls.Config) error {
		sim := hl7sim.New(d, hl7sim.Options{Clock: s.clock, To: func() string { return s.at }, TLS: with, Tries: 1})
		defer sim.Close()
		return sim.Flush(t.Context())
	}
	if err := send(&tls.Config{RootCAs: ca, ServerName: "localhost"}); err == nil {
		t.Error("a sender without a certificate is heard")
	}
	if err := send(nil); err == nil {
		t.Error("a sender without TLS is heard")
	}
	if f := s.feed(); len(f.Appointments) != 0 {
		t.Error("something of theirs was taken")
	}
	if err := send(&tls.Config{RootCAs: ca, ServerName: "localhost", Certificates: []tls.Certificate{pair}}); err != nil {
		t.Errorf("a sender with its certificate: %v", err)
	}
	if f := s.feed(); len(f.Appointments) != 1 {
		t.Errorf("%d appointments", len(f.Appointments))
	}
}

// certificates makes an authority, a server's and a client's certificate, in files.
func certificates(t *testing.T) (map[string]string, *x509.CertPool) {
	t.Helper()
	dir, out := t.TempDir(), map[string]string{}
	write := func(name, kind string, b []byte) {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		out[name] = path
	}
	var authority *x509.Certificate
	var signer *ecdsa.PrivateKey
	for i, name := range []string{"ca", "server", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: i == 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if i == 0 {
			authority, signer = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, authority, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		write(name, "CERTIFICATE", der)
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(name+" key", "PRIVATE KEY", private)
	}
	pool := x509.NewCertPool()
	b, err := os.ReadFile(out["ca"])
	if err != nil || !pool.AppendCertsFromPEM(b) {
		t.Fatal("the authority cannot be read")
	}
	return out, pool
}

func TestListenEndsWithItsContextAndSaysWhenTheAddressIsTaken(t *testing.T) {
	t.Parallel()
	s := tell(t)
	c := simConfig()
	c.Listen = s.at
	a, err := hl7.New(c, gateway.Surroundings{Clock: s.clock, Trial: true, Shelf: gatewaytest.NewShelf()})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Listen(t.Context(), func() {}); err == nil {
		t.Error("listens on an address that is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	other := tell(t)
	done := make(chan error, 1)
	c.Listen = "127.0.0.1:0"
	again, err := hl7.New(c, gateway.Surroundings{Clock: other.clock, Trial: true, Shelf: gatewaytest.NewShelf()})
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- again.Listen(ctx, func() {}) }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("stopped: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("does not stop")
	}
}
