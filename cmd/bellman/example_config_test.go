package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bellman/configs"
	"bellman/gateway"
)

// The example is what people copy: the clinical systems' sections must be whole,
// too, which configs itself cannot know.
func TestEverySourceOfTheExampleConfigurationIsComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	example, err := os.ReadFile(filepath.Join("..", "..", "configs", "bellman.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"bellman.yaml": string(example)}
	for _, name := range []string{"twilio_auth_token", "twilio_api_key", "emis_client_secret"} {
		files["secrets/"+name] = "not-a-secret\n"
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := configs.Load(filepath.Join(dir, "bellman.yaml"), func(name string) (string, bool) {
		return map[string]string{"TWILIO_ACCOUNT_SID": "AC", "TWILIO_API_KEY_SID": "SK"}[name] + "0123456789abcdef0123456789abcdef", true
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := newApp(cfg, gateway.ClockFunc(time.Now), newLog(t.Output(), 0)).openSources(); err != nil {
		t.Error(err)
	}
}
