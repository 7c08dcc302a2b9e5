"""How alike two pictures are where a mask is true: structure and colour."""

import cv2
import numpy as np

SIGMA, RADIUS = 1.5, 5  # of the window: 11 x 11 (Wang et al. 2004)
XYZ = np.array([
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
])  # fmt: skip  # of linear sRGB; its rows sum to the white point
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LEAST_WEIGHT = 1e-6  # of the window under which there is nothing to compare


def ssim(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> float:
    """Structural similarity of 8-bit pictures (H W 3): mean over channels and the mask (H W)."""
    return float(ssim_map(first, second, mask)[mask].mean())


def ssim_map(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Structural similarity at every pixel and channel (H W 3).

    Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity",
    equation 13, with their constants. Every window sees the pixels of the mask alone, its weights
    scaled to sum to one: what lies beyond the mask changes nothing, and of a whole picture the
    windows that lie wholly within are as published.
    """
    weight = np.maximum(_windowed(mask.astype(float)), LEAST_WEIGHT)[..., None]

    def local(values: np.ndarray) -> np.ndarray:
        return _windowed(values * mask[..., None]) / weight

    x, y = first.astype(float), second.astype(float)
    middle_x, middle_y = local(x), local(y)
    variance_x, variance_y = local(x * x) - middle_x**2, local(y * y) - middle_y**2
    covariance = local(x * y) - middle_x * middle_y
    return ((2 * middle_x * middle_y + C1) * (2 * covariance + C2)) / (
        (middle_x**2 + middle_y**2 + C1) * (variance_x + variance_y + C2)
    )


def colour_drift(answer: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """How colours (H W 3, uint8) changed where the mask (H W) is true, in CIE Lab (D65).

    "colour dE": mean distance (CIE 1976). "L drift", "a drift", "b drift": mean change, which
    softness and noise leave near zero.
    """
    change = (_lab(answer) - _lab(truth))[mask]
    drift = change.mean(0)
    return {
        "colour dE": float(np.linalg.norm(change, axis=-1).mean()),
        **{f"{name} drift": float(value) for name, value in zip("Lab", drift, strict=True)},
    }


def _windowed(values: np.ndarray) -> np.ndarray:
    size = 2 * RADIUS + 1
    return cv2.GaussianBlur(values, (size, size), SIGMA, borderType=cv2.BORDER_CONSTANT)


def _lab(picture: np.ndarray) -> np.ndarray:
    """CIE Lab (D65) of 8-bit sRGB; OpenCV's, from a table, is off by up to 0.2."""
    value = picture / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    x, y, z = np.moveaxis(linear @ (XYZ / XYZ.sum(1, keepdims=True)).T, -1, 0)
    fx, fy, fz = (
        np.where(v > (6 / 29) ** 3, np.cbrt(v), v / (3 * (6 / 29) ** 2) + 4 / 29) for v in (x, y, z)
    )
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)
