# Makes a Rust toolchain that can build for targets which rustup does not have here, out of Debian's packages: the compiler
# of rustc-web, and core and alloc built from its own sources. Nothing is installed outside of the given folder.
# Usage: bash debian.sh FOLDER "TARGET…"
set -euo pipefail

folder=$(realpath -m "$1")
targets=$2
mkdir -p "$folder/packages"
cd "$folder/packages"

candidate() { apt-cache policy "$1" | grep -q 'Candidate: [0-9]'; }
depends() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2\)$/\1/p" | head -n 1; }

candidate rustc-web || apt-get update -qq
library=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
llvm=$(depends "$library" 'libllvm[0-9]*')
version=${llvm#libllvm}
apt-get download -qq rustc-web cargo-web rust-web-src rust-web-llvm libstd-rust-web-dev "$library" "$llvm" "lld-$version" \
    libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedx509-1 libmbedtls14 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" "$folder/root"; done
rm -f ./*.deb

usr=$folder/root/usr
cat > "$folder/env.new" <<END
export LD_LIBRARY_PATH="$usr/lib/x86_64-linux-gnu:$usr/lib/llvm-$version/lib"
export PATH="$usr/bin:\$PATH" RUSTC="$usr/bin/rustc" CARGO="$usr/bin/cargo"
unset RUSTFLAGS RUSTUP_TOOLCHAIN
END
. "$folder/env.new"

# An empty crate, for the sake of what it is built upon.
mkdir -p "$folder/empty/src"
cd "$folder/empty"
echo '#![no_std]' > src/lib.rs
printf '[package]\nname = "empty"\nedition = "2021"\n[workspace]\n[profile.release]\npanic = "abort"\n' > Cargo.toml
for target in $targets; do
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target "$CARGO" build -q --release --target "$target" -Z build-std=core,alloc
    libraries=$usr/lib/rustlib/$target/lib
    mkdir -p "$libraries"
    cp "target/$target/release/deps/"*.rlib "target/$target/release/deps/"*.rmeta "$libraries"
    rm -f "$libraries"/libempty-*
done
rm -rf target
mv "$folder/env.new" "$folder/env"
