#include "settings/shell_words.h"

namespace simswarm {
namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kForShells = "|;&<>";
constexpr std::string_view kEscapedInQuotes = "\"\\$`";

bool holds(std::string_view characters, char c) {
  return characters.find(c) != std::string_view::npos;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (holds(kForShells, c)) {
        return usage_error("«{}» needs a shell, and none is started; quote it, or write [\"sh\", \"-c\", \"…\"]", c);
      }
      if (c == '\'' || c == '"') {
        if (!quoted(c)) return usage_error("the quote {} is not closed in «{}»", c, text_);
      } else if (holds(kBlank, c)) {
        end_word();
        ++at_;
      } else {
        plain();
      }
    }
    end_word();
    return std::move(words_);
  }

 private:
  void plain() {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    word_.push_back(text_[at_++]);
    in_word_ = true;
  }

  bool quoted(char quote) {
    in_word_ = true;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      const bool escape = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size();
      if (escape && holds(kEscapedInQuotes, text_[at_ + 1])) ++at_;
      word_.push_back(text_[at_]);
    }
    return at_++ < text_.size();
  }

  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_shell_words(std::string_view text) {
  return Splitter(text).run();
}

}  // namespace simswarm
