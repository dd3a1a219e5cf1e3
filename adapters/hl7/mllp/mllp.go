// Package mllp carries HL7 messages over a stream of bytes: each stands in a frame
// that begins with 0x0B and ends with 0x1C 0x0D (HL7 v2 appendix C, "minimal lower
// layer protocol"). It knows nothing of what is in the frames.
package mllp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// The characters that hold a frame together.
const (
	begin  = 0x0b
	end    = 0x1c
	finish = 0x0d
)

// maxJunk is how much may stand between two frames before the other side counts as
// one that speaks another language.
const maxJunk = 64 << 10

// maxSkipped is how many times its limit a frame may be long and still be read to
// its end, so that the next one is found and the sender can be answered.
const maxSkipped = 64

// The reasons why no frame can be read any more. The connection is of no use then.
var (
	ErrNotMLLP = errors.New("what comes is not in frames of MLLP")
	ErrEndless = errors.New("a frame does not end")
)

// Frame is one message as it came.
type Frame struct {
	Body []byte // until the next call of Next
	// Cut: it was longer than the limit, and Body is only its beginning.
	Cut bool
	// Halves counts what began before this frame and broke off: another frame began
	// in the middle of it.
	Halves int
}

// Reader takes frames out of a stream.
type Reader struct {
	// Begun is called when a frame begins, for a limit on how long it may take. Nil:
	// nobody is told.
	Begun func()
	br    *bufio.Reader
	max   int
	buf   []byte
}

// NewReader reads frames of at most max bytes.
func NewReader(r io.Reader, max int) *Reader {
	return &Reader{br: bufio.NewReaderSize(r, 16<<10), max: max}
}

// Next gives the next frame. What stands before its beginning is passed over, and
// so is the 0x0D behind its end, which some senders leave out: waiting for it would
// be waiting for one another. io.EOF says that the stream ended between two frames;
// one that breaks off is io.ErrUnexpectedEOF, and is not given.
func (r *Reader) Next() (Frame, error) {
	if err := r.find(); err != nil {
		return Frame{}, err
	}
	r.started()
	var f Frame
	for skipped := 0; ; {
		chunk, err := r.chunk()
		if err != nil {
			return Frame{}, broken(err)
		}
		stop := bytes.IndexAny(chunk, "\x0b\x1c")
		part := chunk
		if stop >= 0 {
			part = chunk[:stop]
		}
		room := min(len(part), r.max-len(r.buf))
		r.buf = append(r.buf, part[:room]...)
		if skipped += len(part) - room; skipped > 0 {
			f.Cut = true
		}
		if skipped/maxSkipped > r.max {
			return Frame{}, ErrEndless
		}
		if stop < 0 {
			r.drop(len(chunk))
			continue
		}
		again := chunk[stop] == begin
		r.drop(stop + 1)
		if !again {
			f.Body = r.buf
			return f, nil
		}
		r.started()
		f, skipped = Frame{Halves: f.Halves + 1}, 0
	}
}

func (r *Reader) started() {
	r.buf = r.buf[:0]
	if r.Begun != nil {
		r.Begun()
	}
}

// find passes over everything before a frame's beginning.
func (r *Reader) find() error {
	for junk := 0; ; {
		chunk, err := r.chunk()
		if err != nil {
			return err
		}
		i := bytes.IndexByte(chunk, begin)
		if i >= 0 {
			r.drop(i + 1)
			return nil
		}
		r.drop(len(chunk))
		if junk += len(chunk); junk > maxJunk {
			return ErrNotMLLP
		}
	}
}

// chunk gives what has come, at least one byte.
func (r *Reader) chunk() ([]byte, error) {
	if _, err := r.br.Peek(1); err != nil {
		return nil, err
	}
	b, _ := r.br.Peek(r.br.Buffered())
	return b, nil
}

func (r *Reader) drop(n int) { _, _ = r.br.Discard(n) }

func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write puts one message into a frame and sends it in one piece.
func Write(w io.Writer, body []byte) error {
	b := make([]byte, 0, len(body)+3)
	b = append(append(append(b, begin), body...), end, finish)
	_, err := w.Write(b)
	return err
}
