// swift-tools-version: 6.2

import PackageDescription

// For libFuzzer, which comes with the toolchain on Linux. The flags are unsafe to SwiftPM, so this
// is a package of its own; see Fuzz.swift for how to run it.
let package = Package(
  name: "cairn-fuzz",
  platforms: [.macOS("26.0")],
  dependencies: [.package(name: "cairn", path: "../../")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "CairnCrypto", package: "cairn"),
        .product(name: "CairnTree", package: "cairn"),
      ],
      swiftSettings: [
        .enableExperimentalFeature("Extern"), .unsafeFlags(["-sanitize=fuzzer"]),
      ],
      // The linker that swift build chooses by itself fails on what the sanitizer leaves.
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
  ],
  swiftLanguageModes: [.v6]
)
