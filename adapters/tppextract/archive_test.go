package tppextract

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bellman/gateway/gatewaytest"
)

// zipped makes a zip of files with Go's own writer.
func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range files {
			if !yield(n) {
				return
			}
		}
	}) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func one(b []byte) []volume { return []volume{{bytes.NewReader(b), int64(len(b))}} }

// content reads everything in an archive.
func content(a *archive) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, e := range a.entries {
		r, err := a.open(e)
		if err != nil {
			return nil, err
		}
		if out[e.name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func same(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for name, x := range a {
		if y, ok := b[name]; !ok || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b)
	return b
}

func TestAnArchiveIsReadAsGoReadsIt(t *testing.T) {
	files := map[string][]byte{"SRManifest.csv": []byte("x"), "sub/SRPatient.csv": noise(70_000), "SREmpty.csv": nil, "SRLong.csv": bytes.Repeat([]byte(`"","",`), 40_000)}
	a, err := openArchive(one(zipped(t, files)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := content(a)
	if err != nil || !same(got, files) {
		t.Errorf("something else is in it, or %v", err)
	}
}

// The tool zip makes volumes as other packers do; the simulator's are our own idea
// of them.
func TestVolumesOfTheToolZipAreRead(t *testing.T) {
	gatewaytest.Tool(t, "zip")
	files := map[string][]byte{"SRAppointment.csv": noise(150_000), "SRPatient.csv": bytes.Repeat([]byte("a row\n"), 50_000), "SRMapping.csv": noise(30_000), "SRManifest.csv": []byte("m")}
	dir := t.TempDir()
	args := []string{"-q", "-s", "64k", "SRExtract.zip"}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	cmd := exec.CommandContext(t.Context(), "zip", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range files {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	base := filepath.Dir(dir)
	b, err := openBundle(base, filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if len(b.handles) < 3 || len(b.files) != len(files) {
		t.Fatalf("%d volumes and %d tables", len(b.handles), len(b.files))
	}
	for name, want := range files {
		err := b.read(strings.TrimSuffix(name, ".csv"), func(r io.Reader) error {
			got, err := io.ReadAll(r)
			if !bytes.Equal(got, want) {
				t.Errorf("%s holds something else", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestADamagedEntryIsNoticedAtItsEnd(t *testing.T) {
	whole := zipped(t, map[string][]byte{"SRPatient.csv": noise(5_000)})
	for _, at := range []int{100, 2_000, 4_900} {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		a, err := openArchive(one(b))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := content(a); !errors.Is(err, errDamaged) {
			t.Errorf("a flipped bit at %d: %v", at, err)
		}
	}
}

func TestAnArchiveThatIsCutAnywhereIsNotRead(t *testing.T) {
	whole := zipped(t, map[string][]byte{"SRPatient.csv": []byte("a,b\n1,2\n"), "SRMapping.csv": noise(40)})
	for n := range whole {
		if _, err := openArchive(one(whole[:n])); err == nil {
			t.Errorf("the first %d of %d bytes count as an archive", n, len(whole))
		}
	}
}

// bomb makes an archive whose entry says that it holds more than it can.
func bomb(t *testing.T, unpacked int) []byte {
	t.Helper()
	return zipped(t, map[string][]byte{"SRPatient.csv": make([]byte, unpacked)})
}

func TestABombIsRefusedBeforeItIsOpened(t *testing.T) {
	a, err := openArchive(one(bomb(t, smallEnough+1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.open(a.entries[0]); err == nil || !strings.Contains(err.Error(), "far more than any extract") {
		t.Errorf("a large file of nothing: %v", err)
	}
}

func TestAnEntryThatHoldsMoreThanItSaysEndsWhereItSaid(t *testing.T) {
	b := bomb(t, 1<<20)
	at := bytes.Index(b, []byte(entryMark))
	binary.LittleEndian.PutUint32(b[at+24:], 100)
	a, err := openArchive(one(b))
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.open(a.entries[0])
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if !errors.Is(err, errDamaged) || n > 100 {
		t.Errorf("%d bytes came, and then %v", n, err)
	}
}

func TestALockedEntryIsRefused(t *testing.T) {
	b := zipped(t, map[string][]byte{"SRPatient.csv": []byte("x")})
	b[bytes.Index(b, []byte(entryMark))+8] |= flagEncrypted
	a, err := openArchive(one(b))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.open(a.entries[0]); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("a locked entry: %v", err)
	}
}

// large makes, byte by byte, what archives over 4 GB look like: the figures stand
// in the extra field and in the larger form of the end.
func large(body []byte) []byte {
	le := binary.LittleEndian
	var b []byte
	local := append([]byte(localMark), make([]byte, localSize-4)...)
	le.PutUint16(local[26:], 5)
	b = append(append(append(b, local...), "SR.csv"[:5]...), body...)
	directory := len(b)
	e := append([]byte(entryMark), make([]byte, entrySize-4)...)
	le.PutUint32(e[16:], crc32.ChecksumIEEE(body))
	for _, at := range []int{20, 24, 42} {
		le.PutUint32(e[at:], none32)
	}
	le.PutUint16(e[28:], 5)
	le.PutUint16(e[30:], 36)
	le.PutUint16(e[34:], none16)
	extra := le.AppendUint16(nil, 0x9901) // another vendor's, passed over
	extra = le.AppendUint16(extra, 0)
	extra = le.AppendUint16(le.AppendUint16(extra, extra64), 28)
	extra = le.AppendUint64(le.AppendUint64(le.AppendUint64(extra, uint64(len(body))), uint64(len(body))), 0)
	extra = le.AppendUint32(extra, 0)
	b = append(append(append(b, e...), "SR.csv"[:5]...), extra...)
	size := len(b) - directory
	end64 := append([]byte(end64Mark), make([]byte, end64Size-4)...)
	le.PutUint64(end64[24:], 1)
	le.PutUint64(end64[32:], 1)
	le.PutUint64(end64[40:], uint64(size))
	le.PutUint64(end64[48:], uint64(directory))
	at64 := len(b)
	b = append(b, end64...)
	b = le.AppendUint64(le.AppendUint32(append(b, locatorMark...), 0), uint64(at64))
	b = le.AppendUint32(b, 1)
	end := append([]byte(endMark), make([]byte, endSize-4)...)
	for _, at := range []int{8, 10} {
		le.PutUint16(end[at:], none16)
	}
	le.PutUint32(end[12:], none32)
	le.PutUint32(end[16:], none32)
	return append(b, end...)
}

func TestTheFormOfArchivesOverFourGigabytesIsRead(t *testing.T) {
	want := []byte("a,b\n")
	a, err := openArchive(one(large(want)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := content(a)
	if err != nil || !bytes.Equal(got["SR.cs"], want) {
		t.Errorf("%v, %v", got, err)
	}
}

// An archive of one volume must hold for us what it holds for Go's own reader,
// wherever both read it.
func FuzzArchive(f *testing.F) {
	f.Add(zipped(f, map[string][]byte{"SRManifest.csv": []byte("FileName\n"), "SRPatient.csv": bytes.Repeat([]byte("x"), 300)}), uint16(100))
	f.Add(zipped(f, map[string][]byte{"a/SRx.csv": nil}), uint16(7))
	f.Add(large([]byte("a,b\n")), uint16(50))
	f.Add([]byte(endMark+strings.Repeat("\x00", 18)), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		a, err := openArchive(one(b))
		if err == nil {
			compare(t, a, b)
		}
		// In two volumes nothing but the figures of the directory differs.
		at := int(cut) % (len(b) + 1)
		if a, err := openArchive([]volume{{bytes.NewReader(b[:at]), int64(at)}, {bytes.NewReader(b[at:]), int64(len(b) - at)}}); err == nil {
			_, _ = content(bounded(a))
		}
	})
}

// bounded leaves out what would take long to unpack.
func bounded(a *archive) *archive {
	a.entries = slices.DeleteFunc(a.entries, func(e entry) bool { return e.size > 1<<20 })
	return a
}

func compare(t *testing.T, a *archive, b []byte) {
	theirs, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		_, _ = content(bounded(a))
		return
	}
	for i, e := range bounded(a).entries {
		r, err := a.open(e)
		if err != nil {
			continue
		}
		ours, err := io.ReadAll(r)
		if err != nil || len(theirs.File) <= i || theirs.File[i].Name != e.name || len(theirs.File) != len(a.entries) {
			continue
		}
		o, err := theirs.File[i].Open()
		if err != nil {
			continue
		}
		other, err := io.ReadAll(o)
		_ = o.Close()
		if err == nil && !bytes.Equal(ours, other) {
			t.Fatal("Go's own reader finds something else")
		}
	}
}
