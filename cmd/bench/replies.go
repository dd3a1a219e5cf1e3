package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/store"
)

const (
	patients = 64  // who write at the same time
	visits   = 500 // in each practice's diary, which a STOP looks through
)

// measureReplies has patients write to the public door, free words first and then
// STOP. What is answered is on the disk by then: Redis syncs every write, and so does
// the journal of opt-outs. Patients and door share this process.
func measureReplies(ctx context.Context, n int, words, stops *figure) error {
	r, st, err := openLedger(ctx, "always")
	if err != nil {
		return err
	}
	defer r.stop()
	now := time.Now()
	if _, err := planAll(ctx, st, diaryOf(visits, now.AddDate(0, 0, 10).Truncate(time.Minute), now), now, "1d"); err != nil {
		return err
	}
	d, err := openDoor(st)
	if err != nil {
		return err
	}
	defer d.close()
	for _, said := range []struct {
		words string
		into  *figure
	}{{"I will be ten minutes late, sorry", words}, {"STOP", stops}} {
		took, err := d.hear(ctx, n, said.words)
		if err != nil {
			return err
		}
		said.into.add(perSecond(n, took))
	}
	return d.allThere(ctx, n)
}

// door is the public door of a gateway, and what writes to it.
type door struct {
	st      *store.Store
	address string
	server  *http.Server
	client  *http.Client
	serving sync.WaitGroup
	sent    atomic.Int64
}

func senderOf(i int) string { return fmt.Sprintf("+441632960%03d", i) }

func openDoor(st *store.Store) (*door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{st: st, address: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: patients}}}
	provider, err := twilio.New(twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken), BaseURL: "http://127.0.0.1:1",
	}, d.address, gateway.Surroundings{Clock: realClock(), Trial: true})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	var ps []gateway.Practice
	for i, code := range codes() {
		p := practiceOf(code, "1d")
		p.Sender = senderOf(i)
		ps = append(ps, p)
	}
	in := inbox.New(inbox.Options{
		Memory: st, Webhooks: provider, Lister: provider, Forged: twilio.ErrSignature, Practices: ps, Clock: realClock(), Log: slog.New(slog.DiscardHandler),
		Metrics: inbox.NewMetrics(prometheus.NewRegistry(), ps), Taken: twilio.Config{}.TakenWords(),
		Answers: message.Answers(),
	})
	d.server = &http.Server{Handler: in.Handler(), ReadHeaderTimeout: 5 * time.Second}
	d.serving.Go(func() { _ = d.server.Serve(l) })
	return d, nil
}

func (d *door) close() {
	_ = d.server.Close()
	d.serving.Wait()
	d.client.CloseIdleConnections()
}

// hear lets n patients write the same words, many at a time.
func (d *door) hear(ctx context.Context, n int, words string) (time.Duration, error) {
	var next atomic.Int64
	errs := make(chan error, patients)
	began := time.Now()
	var writing sync.WaitGroup
	for range patients {
		writing.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := d.write(ctx, i, words); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	writing.Wait()
	took := time.Since(began)
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return took, all
}

// write posts one text as Twilio does.
func (d *door) write(ctx context.Context, i int, words string) error {
	form := url.Values{
		"AccountSid": {twiliosim.DefaultAccount}, "MessageSid": {fmt.Sprintf("SM%032x", d.sent.Add(1))}, "Body": {words},
		"From": {fmt.Sprintf("+447700%06d", 900100+i/practices%800)}, "To": {senderOf(i % practices)}, "NumMedia": {"0"},
	}
	mac := hmac.New(sha1.New, []byte(twiliosim.DefaultToken))
	_, _ = io.WriteString(mac, d.address+inbox.InboundPath)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		_, _ = io.WriteString(mac, key+form.Get(key))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.address+inbox.InboundPath, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	res, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("a reply was answered with %d", res.StatusCode)
	}
	return nil
}

// allThere looks whether everything that was answered is kept.
func (d *door) allThere(ctx context.Context, n int) error {
	unread, err := d.st.Unread(ctx, codes())
	if err != nil {
		return err
	}
	out, err := d.st.OptOutCounts(ctx, codes())
	if err != nil {
		return err
	}
	waiting, stopped := 0, 0
	for _, p := range codes() {
		waiting += unread[p].Replies
		stopped += out[p]
	}
	if waiting != n || stopped != min(n, practices*800) {
		return fmt.Errorf("of %d replies %d wait for a person, and of as many STOPs %d are kept", n, waiting, stopped)
	}
	return nil
}
