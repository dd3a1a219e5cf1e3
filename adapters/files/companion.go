package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// companion is what the small file NAME.complete beside an export says of it:
//
//	rows: 41
//	from: 2026-11-23
//	to: 2026-12-20
//
// that the export is finished, how many rows it has below its headings, and the
// days, both included, for which it holds every visit.
type companion struct {
	found bool
	rows  int
	days  gateway.Span
	note  string // why there is a companion that does not count
}

// companionEnd makes a companion's name of its file's.
const companionEnd = ".complete"

// companionLimit bounds the companion, in bytes. Three short lines need no more.
const companionLimit = 4 << 10

// companionOf reads the companion of a file that was last changed at a moment.
// One that is older than its file belongs to a former file of that name and does
// not count. One that is there and cannot be read is an error: somebody means to
// say something, and silence would be taken for less than was meant.
func companionOf(path string, changed time.Time) (companion, error) {
	f, err := os.Open(path + companionEnd)
	if errors.Is(err, fs.ErrNotExist) {
		return companion{}, nil
	}
	if err != nil {
		return companion{}, broken("open the newest file's companion", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return companion{}, errors.New("the newest file's companion is not a plain file")
	}
	if info.ModTime().Before(changed) {
		return companion{note: "the companion is older than the file and does not count"}, nil
	}
	b, err := io.ReadAll(io.LimitReader(f, companionLimit))
	if err != nil {
		return companion{}, broken("read the newest file's companion", err)
	}
	return parseCompanion(string(b))
}

func parseCompanion(s string) (companion, error) {
	bad := errors.New("the newest file's companion is not three lines such as rows: 41, from: 2026-11-23, to: 2026-12-20")
	c := companion{found: true, rows: -1}
	for line := range strings.Lines(s) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		var err error
		switch {
		case !ok && key == "":
		case key == "rows":
			c.rows, err = strconv.Atoi(value)
		case key == "from":
			c.days.From, err = londonDay(value)
		case key == "to":
			c.days.To, err = londonDay(value)
			c.days.To = c.days.To.AddDate(0, 0, 1)
		default:
			return companion{}, bad
		}
		if err != nil {
			return companion{}, bad
		}
	}
	if c.rows < 0 || c.days.From.IsZero() || !c.days.From.Before(c.days.To) {
		return companion{}, bad
	}
	return c, nil
}

// londonDay gives the midnight that begins a day in London.
func londonDay(s string) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, s, gateway.London())
}
