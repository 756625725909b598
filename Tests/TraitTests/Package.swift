// swift-tools-version: 6.2

import PackageDescription

// What is behind a trait, as a host uses it that enables it. A package of its own, so that the others'
// tests are not built once more for it.

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "cairn-trait-tests",
  platforms: [.macOS("26.0")],
  dependencies: [
    .package(name: "cairn", path: "../..", traits: ["SwiftLog", "SFTP", "S3", "Parity"]),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .testTarget(
      name: "CairnLoggingTests",
      dependencies: [
        .product(name: "CairnLogging", package: "cairn"),
        .product(name: "CairnLog", package: "cairn"),
        .product(name: "CairnTree", package: "cairn"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "CairnLoggingTests",
      swiftSettings: settings),
    .testTarget(
      name: "CairnSFTPTests",
      dependencies: [
        .product(name: "CairnSFTP", package: "cairn"),
        .product(name: "CairnChunks", package: "cairn"),
        .product(name: "CairnTargetKit", package: "cairn"),
        .product(name: "CairnCore", package: "cairn"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "CairnSFTPTests",
      swiftSettings: settings),
    .testTarget(
      name: "CairnS3Tests",
      dependencies: [
        .product(name: "CairnS3", package: "cairn"),
        .product(name: "CairnTargetKit", package: "cairn"),
        .product(name: "CairnChunks", package: "cairn"),
        .product(name: "CairnCrypto", package: "cairn"),
        .product(name: "CairnCore", package: "cairn"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "CairnS3Tests",
      swiftSettings: settings),
    .testTarget(
      name: "CairnParityTests",
      dependencies: [
        .product(name: "CairnParity", package: "cairn"),
        .product(name: "CairnTargetKit", package: "cairn"),
        .product(name: "CairnChunks", package: "cairn"),
        .product(name: "CairnCrypto", package: "cairn"),
        .product(name: "CairnCore", package: "cairn"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "CairnParityTests",
      resources: [.copy("Golden")],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
