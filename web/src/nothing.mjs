// Stands for modules of node that bundled code names but never uses here.
export default {};
export const posix = {};
export const resolve = () => '';
export const join = () => '';
