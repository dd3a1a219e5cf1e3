package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// presence is the name of the one connection that every process keeps open.
const presence = "bellman-present"

// longestPath is what fits a socket's address with room to spare (sun_path holds
// 108 bytes on Linux, 104 elsewhere).
const longestPath = 100

// socketIn says where the socket of the server under dir stands: in dir, or in a
// private folder among the temporary files when the path would not fit; that one
// is remembered in dir, so that the next process finds it.
func socketIn(dir string) (string, error) {
	if path := filepath.Join(dir, "redis.sock"); fits(path) {
		return path, nil
	}
	note := filepath.Join(dir, "redis.socket-is-at")
	if b, err := os.ReadFile(note); err == nil {
		if path := strings.TrimSpace(string(b)); private(filepath.Dir(path)) {
			return path, nil
		}
	}
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		if !fits(filepath.Join(parent, "bellman-0123456789", "redis.sock")) {
			continue
		}
		folder, err := os.MkdirTemp(parent, "bellman-")
		if err != nil {
			return "", err
		}
		path := filepath.Join(folder, "redis.sock")
		return path, os.WriteFile(note, []byte(path+"\n"), 0o600)
	}
	return "", errors.New("the path of redis.dir is too long for a socket, and so is that of the temporary files")
}

// fits reports whether a path can be a socket's address and a redis.url: there a
// comma separates nodes.
func fits(path string) bool { return len(path) <= longestPath && !strings.Contains(path, ",") }

// private reports whether a folder is there, ours, and closed to others.
func private(folder string) bool {
	st, err := os.Lstat(folder)
	if err != nil || !st.IsDir() || st.Mode().Perm()&0o077 != 0 {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Getuid()
}

// conn is one connection that speaks just enough of Redis for start and stop.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(ctx context.Context, socket string) (*conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}

// ask sends one command without spaces in its words and gives the first line of
// the answer, or the whole of a long one.
func (c *conn) ask(ctx context.Context, command string) (string, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := c.r.ReadString('\n')
	line = strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(line, "$") {
		return line, err
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < 0 || n > 16<<20 {
		return "", errors.New("not an answer of Redis")
	}
	long := make([]byte, n+2)
	_, err = io.ReadFull(c.r, long)
	return string(long), err
}

// untilBroken returns when the other side is gone or we closed. Nothing is ever
// sent to us unasked.
func (c *conn) untilBroken() {
	_, _ = io.Copy(io.Discard, c.r)
	_ = c.Close()
}
