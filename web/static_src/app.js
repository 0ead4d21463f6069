// On every page: small conveniences. Pages work without it.
document.documentElement.dataset.ready = "true";
