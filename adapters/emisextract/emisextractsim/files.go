package emisextractsim

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// content writes a table as EMIS does: every cell in quotation marks, the headings
// first.
func (s *Sim) content(table string, rows map[string]row) []byte {
	names := columns(table)
	var b bytes.Buffer
	writeRow(&b, names)
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		cells := make([]string, len(names))
		for i, n := range names {
			cells[i] = rows[key][n]
			if n == "ProcessingId" {
				cells[i] = strconv.Itoa(s.id)
			}
		}
		writeRow(&b, cells)
	}
	if table != tableSlot {
		return b.Bytes()
	}
	if s.faults.Page {
		return []byte("<!DOCTYPE html><title>Log in</title>\n")
	}
	return b.Bytes()
}

func writeRow(b *bytes.Buffer, cells []string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(c, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteByte('\n')
}

// drop makes a file appear whole.
func (s *Sim) drop(table string, stamp time.Time, content []byte) error {
	name := fmt.Sprintf("%d_%s_%s_%s.csv", s.id, table, stamp.Format("20060102150405"), Agreement)
	if s.to != nil {
		name += ".gpg"
	}
	f, err := os.CreateTemp(s.o.Dir, ".dropping-*")
	if err != nil {
		return fmt.Errorf("drop extract: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := s.seal(f, content); err != nil {
		_ = f.Close()
		return fmt.Errorf("drop extract: %w", err)
	}
	if s.faults.Truncate && table == tableSlot {
		if info, err := f.Stat(); err == nil {
			_ = f.Truncate(info.Size() * 2 / 3)
		}
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("drop extract: %w", err)
	}
	left := s.o.Clock.Now().Add(-Left)
	if err := os.Chtimes(f.Name(), left, left); err != nil {
		return fmt.Errorf("drop extract: %w", err)
	}
	return os.Rename(f.Name(), filepath.Join(s.o.Dir, name))
}

// seal writes the content, encrypted if there is a key.
func (s *Sim) seal(w io.Writer, content []byte) error {
	if s.to == nil {
		_, err := w.Write(content)
		return err
	}
	sealed, err := Encrypt(w, s.to, s.o.Clock.Now())
	if err != nil {
		return err
	}
	if _, err := sealed.Write(content); err != nil {
		return err
	}
	return sealed.Close()
}

// Encrypt gives a writer whose content is encrypted to a key as gpg does it:
// compressed, and protected against changes.
func Encrypt(w io.Writer, to openpgp.EntityList, now time.Time) (io.WriteCloser, error) {
	return openpgp.Encrypt(w, to, nil, nil, nil, &packet.Config{
		Time: func() time.Time { return now }, DefaultCompressionAlgo: packet.CompressionZLIB, CompressionConfig: &packet.CompressionConfig{Level: 1},
	})
}

func (f Faults) spoils() bool {
	return f.LastDate != "" || f.LastTime != "" || f.Truncate || f.Page || f.Omit != ""
}

// lay makes the faults that are about rows show in what is sent.
func (f Faults) lay(sent tables) {
	if f.LastDate != "" {
		keys := slices.Sorted(maps.Keys(sent[tableSlot]))
		if len(keys) > 0 {
			last := keys[len(keys)-1]
			sent.put(tableSlot, last, sent[tableSlot][last].with("AppointmentDate", f.LastDate))
			if f.LastTime != "" {
				sent.put(tableSlot, last, sent[tableSlot][last].with("AppointmentStartTime", f.LastTime))
			}
		}
	}
}
