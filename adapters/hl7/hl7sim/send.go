package hl7sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/adapters/hl7/mllp"
	"bellman/gateway"
)

// line is the connection that is open.
type line struct {
	net.Conn
	answers *mllp.Reader
}

// errNoAnswer says that a message was not acknowledged; it waits to be sent again.
var errNoAnswer = errors.New("no acknowledgement came")

// Run tells what changes in the diary, looking every so often, until ctx ends.
func (s *Sim) Run(ctx context.Context, every time.Duration) {
	for {
		_ = s.Flush(ctx) // what was not taken waits
		if !gateway.Wait(ctx, every) {
			s.Close()
			return
		}
	}
}

// Close hangs up.
func (s *Sim) Close() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.hangUp()
}

func (s *Sim) hangUp() {
	if s.line != nil {
		_ = s.line.Close()
		s.line = nil
	}
}

// Flush tells what changed in the diary and waits for every acknowledgement. The
// error says that something still waits, since it was not acknowledged.
func (s *Sim) Flush(ctx context.Context) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.look()
	s.mu.Lock()
	if s.faults.Backwards {
		slices.Reverse(s.queue)
	}
	s.mu.Unlock()
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.faults.Silent {
			s.mu.Unlock()
			return nil
		}
		next := s.queue[0]
		s.mu.Unlock()
		if err := s.deliver(ctx, next); err != nil {
			return err
		}
		s.mu.Lock()
		s.queue = s.queue[1:]
		s.mu.Unlock()
	}
}

// deliver sends one message until it is answered for good.
func (s *Sim) deliver(ctx context.Context, m outgoing) error {
	err := errNoAnswer
	for try := range s.options.Tries {
		if try > 0 && !gateway.Wait(ctx, time.Duration(try)*20*time.Millisecond) {
			return ctx.Err()
		}
		var code string
		code, err = s.send(ctx, m, try == 0)
		switch {
		case err != nil:
			s.count(func(c *Counts) { c.Lost++ })
			s.hangUp()
		case code == "AA" || code == "CA":
			s.count(func(c *Counts) { c.Accepted++ })
			return nil
		case code == "AR" || code == "CR":
			s.count(func(c *Counts) { c.Refused++ })
			return nil
		default:
			s.count(func(c *Counts) { c.Failed++ })
			err = errNoAnswer
		}
	}
	return err
}

func (s *Sim) count(do func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.counts)
}

// send sends one message and gives the code of its answer.
func (s *Sim) send(ctx context.Context, m outgoing, first bool) (string, error) {
	f := s.Faults()
	if f.Halves && first {
		if err := s.write(ctx, append([]byte{0x0b}, m.body[:len(m.body)/2]...), f); err != nil {
			return "", err
		}
		s.hangUp()
	}
	if f.Restarts && first {
		if err := s.write(ctx, append([]byte{0x0b}, m.body[:len(m.body)/2]...), f); err != nil {
			return "", err
		}
	}
	if f.Garbage && first {
		if _, err := s.exchange(ctx, "", []byte("<html><body>Log in</body></html>"), f); err != nil {
			return "", err
		}
	}
	code, err := s.exchange(ctx, m.control, m.body, f)
	if f.Twice && err == nil {
		code, err = s.exchange(ctx, m.control, m.body, f)
	}
	return code, err
}

// exchange sends one frame and waits for its answer.
func (s *Sim) exchange(ctx context.Context, control string, body []byte, f Faults) (string, error) {
	var frame bytes.Buffer
	if f.Junk {
		frame.WriteString("\r\nnot a message\n")
	}
	_ = mllp.Write(&frame, body)
	if f.Junk {
		frame.Truncate(frame.Len() - 1)
	}
	if err := s.write(ctx, frame.Bytes(), f); err != nil {
		return "", err
	}
	s.count(func(c *Counts) { c.Sent++ })
	if f.AcceptAck == "NE" && f.ApplicationAck == "NE" {
		return "AA", nil // it waits for none
	}
	if s.dropped() {
		return "", errNoAnswer
	}
	open := s.line
	stop := context.AfterFunc(ctx, func() { _ = open.Close() })
	defer stop()
	patience := time.AfterFunc(s.options.Wait, func() { _ = open.Close() })
	defer patience.Stop()
	answer, err := open.answers.Next()
	if err != nil {
		return "", fmt.Errorf("wait for the acknowledgement: %w", errNoAnswer)
	}
	return codeOf(answer.Body, control)
}

// dropped hangs up instead of waiting for an answer, as often as the faults say.
// The other side may have read the message by then, or not.
func (s *Sim) dropped() bool {
	s.mu.Lock()
	drop := s.faults.DropsAnswer > 0
	if drop {
		s.faults.DropsAnswer--
	}
	s.mu.Unlock()
	if drop {
		s.hangUp()
	}
	return drop
}

func codeOf(body []byte, control string) (string, error) {
	m, err := message.Parse(body)
	if err != nil {
		return "", errNoAnswer
	}
	msa, _ := m.Segment("MSA")
	if control != "" && msa.Field(2).Part().Text() != control {
		return "", errNoAnswer // the answer to another message
	}
	return msa.Field(1).Part().Text(), nil
}

// write sends bytes, connecting first where no line is open.
func (s *Sim) write(ctx context.Context, b []byte, f Faults) error {
	if s.line == nil {
		conn, err := s.dial(ctx)
		if err != nil {
			return errNoAnswer
		}
		s.line = &line{conn, mllp.NewReader(conn, 1<<20)}
	}
	pieces := 1
	if f.SlowMS > 0 {
		pieces = 5
	}
	for i := range pieces {
		if i > 0 && !gateway.Wait(ctx, time.Duration(f.SlowMS/pieces)*time.Millisecond) {
			return ctx.Err()
		}
		if _, err := s.line.Write(b[len(b)*i/pieces : len(b)*(i+1)/pieces]); err != nil {
			return errNoAnswer
		}
	}
	return nil
}

func (s *Sim) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Wait)
	defer cancel()
	if s.options.TLS != nil {
		return (&tls.Dialer{Config: s.options.TLS}).DialContext(ctx, "tcp", s.options.To())
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", s.options.To())
}
