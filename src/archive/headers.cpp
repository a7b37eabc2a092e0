#include "archive/headers.h"

#include <optional>

#include "archive/name.h"

namespace simswarm::archive {
namespace {

// Where the fields stand in a block (POSIX: ustar).
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kSize{124, 12};
constexpr Field kSum{148, 8};
constexpr std::size_t kKind = 156;
constexpr Field kTarget{157, 100};
constexpr Field kMagic{257, 6};
constexpr Field kPrefix{345, 155};

constexpr std::uint64_t kMostChain = 16;  // headers of one entry

std::string_view field_of(std::string_view block, Field field) {
  return block.substr(field.at, field.size);
}

tl::unexpected<Error> malformed(std::string_view why) {
  return usage_error("the archive is damaged: {}", why);
}

// Up to the first NUL; behind it there must be nothing else.
Result<std::string> text_of(std::string_view field) {
  const std::string_view text = field.substr(0, field.find('\0'));
  if (field.find_first_not_of('\0', text.size()) == std::string_view::npos) return std::string(text);
  return refused(text, "has a NUL in its path");
}

Result<std::uint64_t> number_of(std::string_view field) {
  std::uint64_t number = 0;
  if (field.front() == '\x80') {  // GNU: binary, for what is too large
    if (field.find_first_not_of('\0', 1) < field.size() - 7) return malformed("a size that is too large");
    for (const char c : field.substr(field.size() - 7)) number = (number << 8U) | static_cast<unsigned char>(c);
    return number;
  }
  const std::size_t from = std::min(field.find_first_not_of(' '), field.size());
  const std::size_t to = std::min(field.find_first_not_of("01234567", from), field.size());
  if (field.find_first_not_of(std::string_view(" \0", 2), to) != std::string_view::npos)
    return malformed("a size that is no number");
  for (const char c : field.substr(from, to - from)) number = (number << 3U) | static_cast<unsigned>(c - '0');
  return number;
}

// Of all bytes, with the sum's own field as spaces.
bool sum_is_right(std::string_view block) {
  std::uint64_t sum = std::uint64_t{' '} * kSum.size;
  for (std::size_t at = 0; at < block.size(); ++at) {
    if (at < kSum.at || at >= kSum.at + kSum.size) sum += static_cast<unsigned char>(block[at]);
  }
  return number_of(field_of(block, kSum)) == sum;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;
  if (text.empty() || text.size() > kMostDigits) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return std::stoull(std::string(text));
}

std::uint64_t padded(std::uint64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

class Reader {
 public:
  explicit Reader(const ReadHeader& read) : read_(read) {}

  Result<Headers> run() {
    for (std::uint64_t count = 0; count < kMostChain; ++count) {
      SIMSWARM_TRY(const std::string block, read_(at_, kBlock));
      if (!sum_is_right(block)) return malformed("what should be a header is none");
      at_ += kBlock;
      const char kind = block[kKind];
      if (std::string_view("xgLK").find(kind) == std::string_view::npos) return entry(block, kind);
      SIMSWARM_CHECK(extended(block, kind));
    }
    return malformed("too many headers before one entry");
  }

 private:
  Status extended(std::string_view block, char kind) {
    SIMSWARM_TRY(const std::uint64_t size, number_of(field_of(block, kSize)));
    if (size > kMostExtended) return malformed(fmt::format("an extended header of more than {} bytes", kMostExtended));
    SIMSWARM_TRY(const std::string body, read_(at_, size));
    at_ += padded(size);
    if (kind == 'x' || kind == 'g') return records(body, kind == 'g');
    SIMSWARM_TRY(std::string text, text_of(body));
    return say(kind == 'L' ? path_ : target_, text);
  }

  // «LENGTH KEY=VALUE\n», one after the other.
  Status records(std::string_view body, bool global) {
    while (!body.empty()) {
      const std::size_t space = body.find(' ');
      const auto length = decimal(body.substr(0, space));
      if (!length || *length > body.size() || *length < space + 3 || body[*length - 1] != '\n')
        return malformed("an extended header that is malformed");
      const std::string_view record = body.substr(space + 1, *length - space - 2);
      body.remove_prefix(*length);
      const std::size_t equals = record.find('=');
      if (equals == std::string_view::npos || equals == 0) return malformed("an extended header that is malformed");
      SIMSWARM_CHECK(take(record.substr(0, equals), record.substr(equals + 1), global));
    }
    return {};
  }

  Status take(std::string_view key, std::string_view value, bool global) {
    if (global && key != "comment")
      return usage_error("the archive has a global header that says «{}» of all its entries", printable(key));
    if (key.starts_with("GNU.sparse.") || key == "SCHILY.realsize") sparse_ = true;
    if (key == "path") return say(path_, value);
    if (key == "linkpath") return say(target_, value);
    if (key != "size") return {};
    if (size_) return malformed("a size that is said twice");
    size_ = decimal(value);
    return size_ ? Status() : malformed("a size that is no number");
  }

  static Status say(std::optional<std::string>& what, std::string_view value) {
    if (value.find('\0') != std::string_view::npos) return refused(value, "has a NUL in its path");
    if (what) return refused(*what, fmt::format("is named twice, also «{}»", printable(value)));
    what = value;
    return {};
  }

  Result<Headers> entry(std::string_view block, char kind) {
    Headers headers;
    SIMSWARM_TRY(headers.path, path(block));
    const std::string name = headers.path;
    if (sparse_ || kind == 'S') return refused(name, "is a sparse file, which is not taken");
    SIMSWARM_TRY(headers.kind, kind_of(kind, headers.path));
    if (headers.kind == Kind::kFolder && headers.path.ends_with('/')) headers.path.pop_back();
    SIMSWARM_TRY(headers.size, number_of(field_of(block, kSize)));
    headers.size = size_.value_or(headers.size);
    if (headers.kind != Kind::kFile && headers.size != 0) return refused(name, "has content, and is no file");
    if (headers.kind == Kind::kLink) {
      SIMSWARM_TRY(const std::string target, text_of(field_of(block, kTarget)));
      headers.target = target_.value_or(target);
    } else if (target_) {
      return refused(name, "leads to another, and is no link");
    }
    headers.length = at_;
    return headers;
  }

  Result<std::string> path(std::string_view block) const {
    if (path_) return *path_;
    SIMSWARM_TRY(std::string name, text_of(field_of(block, kName)));
    if (field_of(block, kMagic) != std::string_view("ustar\0", kMagic.size)) return name;
    SIMSWARM_TRY(const std::string prefix, text_of(field_of(block, kPrefix)));
    return prefix.empty() ? name : prefix + "/" + name;
  }

  static Result<Kind> kind_of(char kind, const std::string& path) {
    switch (kind) {
      case '\0':
      case '0':
        return path.ends_with('/') ? Kind::kFolder : Kind::kFile;  // the first tars wrote folders so
      case '2':
        return Kind::kLink;
      case '5':
        return Kind::kFolder;
      case '1':
        return refused(path, "is a hard link, which is not taken");
      case '3':
      case '4':
        return refused(path, "is a device, which is not taken");
      case '6':
        return refused(path, "is a pipe, which is not taken");
      default:
        return refused(path, fmt::format("is of the kind «{}», which is not taken", printable({&kind, 1})));
    }
  }

  const ReadHeader& read_;
  std::uint64_t at_ = 0;
  std::optional<std::string> path_;
  std::optional<std::string> target_;
  std::optional<std::uint64_t> size_;
  bool sparse_ = false;
};

}  // namespace

Result<Headers> read_headers(const ReadHeader& read) {
  return Reader(read).run();
}

}  // namespace simswarm::archive
