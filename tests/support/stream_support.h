// Sources and sinks that fail, and a short way from text to text.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/stream.h"

namespace simswarm {

// Takes so many bytes, then says that the disk is full; counts the calls of finish.
class FullSink final : public Sink {
 public:
  explicit FullSink(std::size_t room) : room_(room) {}
  Status write(std::string_view bytes) override {
    if (bytes.size() > room_) return environment_error("the disk is full");
    room_ -= bytes.size();
    return {};
  }
  Status finish() override {
    ++finished;
    return environment_error("the end is not taken");
  }
  int finished = 0;

 private:
  std::size_t room_;
};

// Gives a text, and then fails.
class BrokenSource final : public Source {
 public:
  explicit BrokenSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (text_.empty() || buffer.size() > text_.size()) return environment_error("the line is cut");
    const std::size_t got = text_.copy(buffer.data(), buffer.size());
    text_.erase(0, got);
    return got;
  }

 private:
  std::string text_;
};

// Does something at the first bytes.
class WatchedSink final : public Sink {
 public:
  explicit WatchedSink(std::function<void()> act) : act_(std::move(act)) {}
  Status write(std::string_view) override {
    if (act_) std::exchange(act_, nullptr)();
    return {};
  }

 private:
  std::function<void()> act_;
};

// Text without end, the same each time, that compresses by about a half.
inline std::string mixed_text(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>('a' + (state >> 28U));
  }
  return text;
}

// All that a source gives.
inline Result<std::string> all_of(Source& source) {
  TextSink sink;
  SIMSWARM_CHECK(pour(source, sink));
  return sink.take();
}

}  // namespace simswarm
