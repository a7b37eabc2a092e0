#include "base/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/files.h"

namespace simswarm {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    hex.push_back(digits[bytes[i] >> 4]);
    hex.push_back(digits[bytes[i] & 15]);
  }
  return hex;
}

unsigned int value_of(char digit) {
  return static_cast<unsigned int>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

}  // namespace

Digest Digest::of_bytes(const DigestBytes& bytes) {
  Digest digest;
  digest.hex_ = to_hex(bytes.data(), bytes.size());
  return digest;
}

DigestBytes Digest::bytes() const {
  DigestBytes bytes{};
  for (std::size_t i = 0; 2 * i + 1 < hex_.size(); ++i)
    bytes.at(i) = static_cast<std::uint8_t>(value_of(hex_[2 * i]) << 4 | value_of(hex_[2 * i + 1]));
  return bytes;
}

Result<Digest> Digest::parse(std::string_view hex) {
  const bool valid = hex.size() == 64 && std::all_of(hex.begin(), hex.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
  if (!valid) return environment_error("«{}» is no SHA-256 digest (64 hexadecimal digits)", hex);
  Digest digest;
  digest.hex_ = hex;
  return digest;
}

struct Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  State(const State& other) { EVP_MD_CTX_copy_ex(context, other.context); }
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::Hasher(const Hasher& other) : state_(std::make_unique<State>(*other.state_)) {}
Hasher::~Hasher() = default;

Hasher& Hasher::bytes(std::string_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
  return *this;
}

Hasher& Hasher::field(std::string_view data) {
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>((data.size() >> (8 * i)) & 0xff);
  return bytes({length.data(), length.size()}).bytes(data);
}

Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, raw.data(), &size);
  Digest digest;
  digest.hex_ = to_hex(raw.data(), size);
  return digest;
}

Digest digest_of(std::string_view data) {
  return Hasher().bytes(data).finish();
}

Result<Digest> digest_of_file(const std::filesystem::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error(errno, path.string());
  Hasher hasher;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadSize);
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.get(), kReadSize);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path.string());
    if (got == 0) return hasher.finish();
    hasher.bytes({buffer.get(), static_cast<std::size_t>(got)});
  }
}

}  // namespace simswarm
