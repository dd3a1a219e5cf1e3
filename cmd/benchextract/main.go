// Command benchextract generates an EMIS Extract of a given size (a full delivery of
// an agreement with many practices), reads it in for one practice as serve does, and
// says how long that took and how much memory the reading process needed at most.
// The extract is read by a process of its own, into the real store on a private
// redis-server. Everything is in a temporary folder and is taken away again.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/emisextract"
	"bellman/adapters/emisextract/emisextractsim"
	"bellman/gateway"
	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
)

const (
	practice gateway.ODS = "A81001"
	// oneRead is how long the scheduler gives one read.
	oneRead = 110 * time.Second
	// mostMemory is what the reading process may need.
	mostMemory = 256 << 20
)

// order is what the reading process is told.
type order struct {
	Dir  string `json:"dir"`
	Key  string `json:"key"`
	Want int    `json:"want"` // visits
}

// outcome is what it found.
type outcome struct {
	Reads   int     `json:"reads"`   // until the extract was read in
	Seconds float64 `json:"seconds"` // in all of them
	Again   float64 `json:"again"`   // of a read that finds nothing new
	Visits  int     `json:"visits"`
	Peak    int64   `json:"peak"` // bytes of memory, at most
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "read" {
		exit(readOrdered(context.Background()))
	}
	size := flag.String("size", "5G", "of all files before encryption: 200M, 5G")
	encrypted := flag.Bool("encrypted", false, "encrypt the files with OpenPGP")
	people := flag.Int("people", 12_000, "patients of the practice")
	dir := flag.String("dir", "", "where the temporary folder is made")
	flag.Parse()
	exit(measure(*size, *encrypted, *people, *dir))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchextract:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// parseSize reads 200M or 5G.
func parseSize(s string) (int64, error) {
	unit := map[string]int64{"M": 1 << 20, "G": 1 << 30}[s[max(0, len(s)-1):]]
	n, err := strconv.ParseInt(strings.TrimRight(s, "MG"), 10, 32)
	if err != nil || unit == 0 || n < 1 {
		return 0, fmt.Errorf("size is not one such as 200M or 5G")
	}
	return n * unit, nil
}

func measure(size string, encrypted bool, people int, parent string) error {
	bytes, err := parseSize(size)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "benchextract-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l := emisextractsim.Large{Dir: dir, Now: time.Now(), Bytes: bytes, People: people}
	todo := order{Dir: dir, Want: l.Booked()}
	if encrypted {
		if l.To, todo.Key, err = newKey(l.Now); err != nil {
			return err
		}
	}
	begun := time.Now()
	written, err := emisextractsim.Generate(l)
	if err != nil {
		return err
	}
	onDisk, err := diskUse(dir)
	if err != nil {
		return err
	}
	fmt.Printf("generated %.2f GB (%.2f GB on disk, encrypted: %t) in %.0f s\n", gb(written), gb(onDisk), encrypted, time.Since(begun).Seconds())
	got, err := readElsewhere(todo)
	if err != nil {
		return err
	}
	fmt.Printf("read in %.1f s (%d reads of at most %.0f s, %.0f MB/s), peak memory %d MB\n",
		got.Seconds, got.Reads, oneRead.Seconds(), float64(written)/1e6/got.Seconds, got.Peak>>20)
	fmt.Printf("%d visits of %d wanted; a read that finds nothing new takes %.2f s\n", got.Visits, todo.Want, got.Again)
	switch {
	case got.Visits != todo.Want:
		return fmt.Errorf("the wrong number of visits")
	case got.Peak > mostMemory:
		return fmt.Errorf("more than %d MB of memory", mostMemory>>20)
	}
	return nil
}

func gb(n int64) float64 { return float64(n) / (1 << 30) }

func diskUse(dir string) (int64, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	var total int64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, err
}

// readElsewhere starts this program again to read.
func readElsewhere(todo order) (outcome, error) {
	b, err := json.Marshal(todo)
	if err != nil {
		return outcome{}, err
	}
	cmd := exec.Command(os.Args[0], "read")
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(b)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return outcome{}, fmt.Errorf("the reading process: %w", err)
	}
	var got outcome
	return got, json.Unmarshal(out, &got)
}

// readOrdered is the reading process.
func readOrdered(ctx context.Context) error {
	var todo order
	b, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = json.Unmarshal(b, &todo)
	}
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp("", "benchextract-store-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	server, err := embedded.Start(ctx, home, embedded.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
	st, err := openStore(ctx, home, server.URL())
	if err != nil {
		return err
	}
	got, err := readIn(ctx, todo, st)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

func openStore(ctx context.Context, home, url string) (*store.Store, error) {
	keys := filepath.Join(home, "keys")
	if err := store.NewKeyFile(keys); err != nil {
		return nil, err
	}
	master, err := store.ReadKeyFile(keys)
	if err != nil {
		return nil, err
	}
	journal, err := store.OpenJournal(filepath.Join(home, "journal"), master)
	if err != nil {
		return nil, err
	}
	rdb, err := store.Client(url)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, rdb, master, journal)
	if err != nil {
		return nil, err
	}
	st.Serve([]gateway.ODS{practice})
	return st, nil
}

// readIn reads as the scheduler does, until the extract is read in, and once more.
func readIn(ctx context.Context, todo order, st *store.Store) (outcome, error) {
	clock := gateway.ClockFunc(time.Now)
	a, err := emisextract.New(emisextract.Config{
		Dir: todo.Dir, Bulk: emisextractsim.Bulk, CutOff: emisextract.CutOffStamp, Key: gateway.NewSecret(todo.Key),
	}, gateway.Surroundings{Clock: clock, Trial: true, Practice: practice, Shelf: st.Shelf(practice)})
	if err != nil {
		return outcome{}, err
	}
	read := func() (gateway.Feed, float64, error) {
		limited, cancel := context.WithTimeout(ctx, oneRead)
		defer cancel()
		begun := time.Now()
		f, err := a.Read(limited, gateway.Span{From: clock.Now(), To: clock.Now().AddDate(0, 0, 30)})
		return f, time.Since(begun).Seconds(), err
	}
	var got outcome
	for {
		feed, took, err := read()
		got.Reads++
		got.Seconds += took
		if err == nil {
			got.Visits = len(feed.Appointments)
			break
		}
		if took < oneRead.Seconds()-1 || got.Reads > 20 {
			return got, err
		}
	}
	if _, got.Again, err = read(); err != nil {
		return got, err
	}
	got.Peak, err = peakMemory()
	return got, err
}

// peakMemory gives the most memory that this process has held, as the kernel says.
func peakMemory() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel does not say how much memory was used")
}
