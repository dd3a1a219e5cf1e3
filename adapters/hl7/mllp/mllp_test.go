package mllp_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"bellman/adapters/hl7/mllp"
)

// frames reads everything that a stream holds.
func frames(r io.Reader, max int) (bodies []string, cuts, halves int, err error) {
	reader := mllp.NewReader(r, max)
	for {
		f, err := reader.Next()
		if err != nil {
			return bodies, cuts, halves, err
		}
		bodies = append(bodies, string(f.Body))
		halves += f.Halves
		if f.Cut {
			cuts++
		}
	}
}

func TestFramesAreFoundInWhateverIsAroundThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, stream string
		want         []string
		halves       int
		end          error
	}{
		{"one", "\x0bMSH|1\r\x1c\r", []string{"MSH|1\r"}, 0, io.EOF},
		{"two in one piece", "\x0bA\x1c\r\x0bB\x1c\r", []string{"A", "B"}, 0, io.EOF},
		{"no 0x0D behind the end", "\x0bA\x1c\x0bB\x1c", []string{"A", "B"}, 0, io.EOF},
		{"line ends and words between", "\r\n\r\nhello\x0bA\x1c\r\n\n\x0bB\x1c\r", []string{"A", "B"}, 0, io.EOF},
		{"an empty one", "\x0b\x1c\r", []string{""}, 0, io.EOF},
		{"half a message, then the whole on the same connection", "\x0bMSH|ha\x0bMSH|whole\x1c\r", []string{"MSH|whole"}, 1, io.EOF},
		{"an end without a beginning", "\x1c\r\x0bA\x1c\r", []string{"A"}, 0, io.EOF},
		{"one that breaks off", "\x0bA\x1c\r\x0bhal", []string{"A"}, 0, io.ErrUnexpectedEOF},
		{"nothing", "", nil, 0, io.EOF},
	} {
		for name, r := range map[string]io.Reader{"in one piece": strings.NewReader(c.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(c.stream))} {
			got, cuts, halves, err := frames(r, 100)
			if !slices.Equal(got, c.want) || cuts != 0 || halves != c.halves || !errors.Is(err, c.end) {
				t.Errorf("%s, %s: %q, %d cut, %d halves, %v", c.what, name, got, cuts, halves, err)
			}
		}
	}
}

func TestAFrameBeyondTheLimitIsCutAndTheNextOneFound(t *testing.T) {
	t.Parallel()
	stream := "\x0b" + strings.Repeat("x", 5000) + "\x1c\r\x0bB\x1c\r"
	got, _, _, err := frames(strings.NewReader(stream), 10)
	if err == nil || !slices.Equal(got, []string{"xxxxxxxxxx", "B"}) && !errors.Is(err, mllp.ErrEndless) {
		t.Fatalf("%q, %v", got, err)
	}
	got, cuts, _, err := frames(strings.NewReader(stream), 1000)
	if cuts != 1 || len(got) != 2 || len(got[0]) != 1000 || got[1] != "B" || !errors.Is(err, io.EOF) {
		t.Errorf("%d frames, %d cut, %v", len(got), cuts, err)
	}
}

func TestWhoDoesNotSpeakMLLPIsNoticed(t *testing.T) {
	t.Parallel()
	if _, _, _, err := frames(strings.NewReader(strings.Repeat("GET / HTTP/1.1\r\n", 8000)), 100); !errors.Is(err, mllp.ErrNotMLLP) {
		t.Errorf("words without frames: %v", err)
	}
	if _, _, _, err := frames(io.MultiReader(strings.NewReader("\x0b"), endless{}), 100); !errors.Is(err, mllp.ErrEndless) {
		t.Errorf("a frame without end: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, body := range []string{"MSH|^~\\&|\r", ""} {
		if err := mllp.Write(&b, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, _, _ := frames(&b, 100); !slices.Equal(got, []string{"MSH|^~\\&|\r", ""}) {
		t.Errorf("%q", got)
	}
}

// FuzzFrames holds the reader to a slow and obvious reading of the same bytes,
// however they come in pieces.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{"\x0bA\x1c\r", "junk\x0bA\x0bB\x1c\x1c\r\x0b", "\x0b\x1c\x0b\x1c", strings.Repeat("\x0bxyz\x1c\r", 9)} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		const max = 64
		if len(stream) > max*30 {
			return // longer ones end by a limit, of which other tests tell
		}
		got, _, _, err := frames(&pieces{stream, int(piece)%7 + 1}, max)
		if err == nil {
			t.Fatal("a stream that does not end")
		}
		var want []string
		for rest := stream; ; {
			_, after, ok := bytes.Cut(rest, []byte{0x0b})
			body, after, whole := bytes.Cut(after, []byte{0x1c})
			if !ok || !whole {
				break
			}
			if i := bytes.LastIndexByte(body, 0x0b); i >= 0 {
				body = body[i+1:]
			}
			want, rest = append(want, string(body[:min(len(body), max)])), after
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

type pieces struct {
	rest []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.n, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}
